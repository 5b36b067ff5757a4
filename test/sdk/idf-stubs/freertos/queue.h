#pragma once
#include "FreeRTOS.h"
typedef void *QueueHandle_t;
