/*
 * Where a TLS session is kept on a desktop: in the memory of the board that deep sleep writes to its file. The secret is a
 * file `tls-secret` beside it, as flash keeps one; without DORMOUSE_STATE it lives as long as the process.
 */
#include "../session-memory.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../../board.h"
#include "../../desktop/board-desktop.h"

#if DM_SESSION_SIZE > DM_MORE_SIZE
#error "the board's file has no room for a session"
#endif

uint8_t *dm_session_memory(void)
{
	return dm_more();
}

int dm_session_secret(uint8_t into[DM_SESSION_SECRET])
{
	static uint8_t secret[DM_SESSION_SECRET];
	static int isKnown;
	if (!isKnown) {
		const char *path = dm_state_path("tls-secret");
		int file = path ? open(path, O_RDONLY) : -1;
		isKnown = file >= 0 && read(file, secret, sizeof(secret)) == (ssize_t)sizeof(secret);
		if (file >= 0)
			close(file);
		if (!isKnown) {
			dm_random(secret, sizeof(secret));
			file = path ? open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600) : -1;
			if (path && (file < 0 || write(file, secret, sizeof(secret)) != (ssize_t)sizeof(secret) || close(file)))
				dm_state_failed(path);
			isKnown = 1;
		}
	}
	memcpy(into, secret, sizeof(secret));
	return 1;
}
