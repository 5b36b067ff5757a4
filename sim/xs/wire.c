/* Length-prefixed messages over two pipes. End of input means that the driver is gone, and so is this process. */
#include "dormouse.h"

static int gIn, gOut;
static uint8_t* gInput;
static uint32_t gInputSize, gInputStart, gInputEnd;
static uint8_t* gOutput;
static uint32_t gOutputSize, gOutputUsed;

static void* enlarge(void* bytes, uint32_t* size, uint32_t needed)
{
	uint32_t enough = *size ? *size : 8192;
	if (needed <= *size)
		return bytes;
	while (enough < needed)
		enough *= 2;
	bytes = realloc(bytes, enough);
	if (!bytes)
		_exit(70);
	*size = enough;
	return bytes;
}

/* One read takes a whole message, nearly always: a call costs this process two system calls. */
static void fill(uint32_t needed)
{
	while (gInputEnd - gInputStart < needed) {
		ssize_t got;
		if (gInputStart) {
			memmove(gInput, gInput + gInputStart, gInputEnd - gInputStart);
			gInputEnd -= gInputStart;
			gInputStart = 0;
		}
		gInput = enlarge(gInput, &gInputSize, needed);
		got = read(gIn, gInput + gInputEnd, gInputSize - gInputEnd);
		if ((got < 0) && (errno == EINTR))
			continue;
		if (got <= 0)
			_exit(0);
		gInputEnd += (uint32_t)got;
	}
}

uint32_t dmGet32(const uint8_t* b)
{
	return b[0] | ((uint32_t)b[1] << 8) | ((uint32_t)b[2] << 16) | ((uint32_t)b[3] << 24);
}

void dmOpenWire(int in, int out)
{
	gIn = in;
	gOut = out;
}

void dmReceive(dmMessage* message)
{
	uint32_t length;
	fill(4);
	length = dmGet32(gInput + gInputStart);
	if ((length < 5) || (length > LARGEST_MESSAGE))
		_exit(71);
	fill(length);
	message->type = gInput[gInputStart + 4];
	message->bytes = gInput + gInputStart + 5;
	message->length = length - 5;
	gInputStart += length;
}

void dmBegin(uint8_t type)
{
	gOutputUsed = 4;
	dmPut(&type, 1);
}

void dmPut(const void* bytes, uint32_t length)
{
	gOutput = enlarge(gOutput, &gOutputSize, gOutputUsed + length);
	memcpy(gOutput + gOutputUsed, bytes, length);
	gOutputUsed += length;
}

void dmPut32(uint32_t value)
{
	uint8_t bytes[4] = { (uint8_t)value, (uint8_t)(value >> 8), (uint8_t)(value >> 16), (uint8_t)(value >> 24) };
	dmPut(bytes, 4);
}

void dmPutText(const char* text)
{
	dmPut(text, (uint32_t)strlen(text) + 1);
}

void dmEnd(void)
{
	uint8_t* bytes = gOutput;
	uint32_t left = gOutputUsed;
	gOutput[0] = (uint8_t)left;
	gOutput[1] = (uint8_t)(left >> 8);
	gOutput[2] = (uint8_t)(left >> 16);
	gOutput[3] = (uint8_t)(left >> 24);
	while (left) {
		ssize_t put = write(gOut, bytes, left);
		if ((put < 0) && (errno == EINTR))
			continue;
		if (put <= 0)
			_exit(0);
		bytes += put;
		left -= (uint32_t)put;
	}
}

void dmSend(uint8_t type, const void* bytes, uint32_t length)
{
	dmBegin(type);
	dmPut(bytes, length);
	dmEnd();
}
