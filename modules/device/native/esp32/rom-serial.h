/* The ROM's routines of the serial port, whose header ESP-IDF v6.0 renamed. */
#ifndef DORMOUSE_ROM_SERIAL_H
#define DORMOUSE_ROM_SERIAL_H

#include "esp_idf_version.h" /* esp_common */
#if ESP_IDF_VERSION >= ESP_IDF_VERSION_VAL(6, 0, 0)
#include "esp_rom_serial_output.h" /* esp_rom */
#else
#include "esp_rom_uart.h"
#endif

#endif
