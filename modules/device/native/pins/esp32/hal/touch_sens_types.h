/* As driver/touch_version_types.h. */
#include "esp_hal_touch_sens/include/hal/touch_sens_types.h"
