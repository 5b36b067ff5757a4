/* As driver/touch_version_types.h. */
#include "esp_idf_version.h"
#if ESP_IDF_VERSION >= ESP_IDF_VERSION_VAL(6, 0, 0)
#include "esp_hal_touch_sens/include/hal/touch_sens_types.h"
#else
#include "hal/include/hal/touch_sens_types.h"
#endif
