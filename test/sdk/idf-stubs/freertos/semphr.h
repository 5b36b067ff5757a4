#pragma once
#include "FreeRTOS.h"
typedef void *SemaphoreHandle_t;
