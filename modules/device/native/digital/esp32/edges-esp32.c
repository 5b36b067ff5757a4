/*
 * The functions of device-digital.ts: the time of a pin's last edge, taken in its interrupt. JavaScript hears of the edge
 * when the event loop comes to it, milliseconds later.
 * Source: Moddable SDK 8.2.3, modules/io/digital/digitalbank.h (`doSetOnReadable`: the function is called in the interrupt,
 * and lets the event go on when it returns 0); ESP-IDF v6.0, esp_timer.h (`esp_timer_get_time` may be called there).
 */
#include "xsmc.h"
#include "xsHost.h"

#include "esp_attr.h" /* esp_common: IRAM_ATTR */
#include "esp_timer.h" /* esp_timer */
#include "soc/soc_caps.h" /* soc: SOC_GPIO_PIN_COUNT */

#include "digitalbank.h" /* modules/io/digital of the SDK */

#include "../../board.h"

/* Microseconds since the boot, their lower half: written and read in one piece. It wraps after 71 minutes, longer than a wake. */
static volatile uint32_t stamps[SOC_GPIO_PIN_COUNT];
static volatile uint8_t seen[SOC_GPIO_PIN_COUNT];

static uint8_t IRAM_ATTR stamp(void *refcon)
{
	uintptr_t pin = (uintptr_t)refcon;
	stamps[pin] = (uint32_t)esp_timer_get_time();
	seen[pin] = 1;
	return 0;
}

static uint32_t pinOf(xsMachine *the)
{
	xsIntegerValue pin = xsmcToInteger(xsArg(0));
	if (pin < 0 || pin >= SOC_GPIO_PIN_COUNT)
		xsRangeError("invalid pin");
	return (uint32_t)pin;
}

void xs_dormouse_stampEdges(xsMachine *the)
{
	uint32_t pin = pinOf(the);
	xsDigitalBankHostHooks hooks = (xsDigitalBankHostHooks)xsGetHostHooksValidate(xsThis, "digitalbank");
	seen[pin] = 0;
	hooks->doSetOnReadable(hooks->doValidate(the, &xsThis), stamp, (void *)(uintptr_t)pin);
}

void xs_dormouse_edgeMs(xsMachine *the)
{
	uint32_t pin = pinOf(the);
	if (!seen[pin])
		return;
	uint32_t since = (uint32_t)esp_timer_get_time() - stamps[pin];
	xsmcSetNumber(xsResult, dm_clock_ms() - (double)since / 1000);
}
