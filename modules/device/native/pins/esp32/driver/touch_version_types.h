/* The SDK does not have the compiler look where this header of ESP-IDF v6.0 is: by its path from `components`. */
#include "sdkconfig.h"
#if CONFIG_IDF_TARGET_ESP32
#include "esp_driver_touch_sens/hw_ver1/include/driver/touch_version_types.h"
#else
#include "esp_driver_touch_sens/hw_ver2/include/driver/touch_version_types.h"
#endif
