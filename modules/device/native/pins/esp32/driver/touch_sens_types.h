/* As touch_version_types.h. */
#include "esp_driver_touch_sens/include/driver/touch_sens_types.h"
