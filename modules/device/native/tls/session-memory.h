/* What kept TLS sessions need of a platform: `esp32/session-esp32.c` and `desktop/session-desktop.c`. */
#ifndef DORMOUSE_SESSION_MEMORY_H
#define DORMOUSE_SESSION_MEMORY_H

#include <stdint.h>

/* Bytes of memory for a session: one with a ticket of some 1,300 bytes. What is larger is not kept. */
#define DM_SESSION_SIZE 1536
#define DM_SESSION_SECRET 32

/* Memory of DM_SESSION_SIZE bytes that survives deep sleep and is garbage after a power loss; aligned to 4. */
uint8_t *dm_session_memory(void);
/* A random secret of this device, made once, that is not in that memory. Returns 0 when there is none. */
int dm_session_secret(uint8_t into[DM_SESSION_SECRET]);

#endif
