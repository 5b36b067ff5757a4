/* Source: ESP-IDF v6.0, components/freertos/FreeRTOS-Kernel/include and portable/xtensa. */
#pragma once
#include <stddef.h>
#include <stdint.h>
#include "sdkconfig.h"

typedef uint32_t TickType_t;
typedef int BaseType_t;
typedef unsigned int UBaseType_t;
typedef uint8_t StackType_t;
#define portMAX_DELAY ((TickType_t)0xffffffffu)
#define portTICK_PERIOD_MS ((TickType_t)1000 / CONFIG_FREERTOS_HZ)
#define pdMS_TO_TICKS(ms) ((TickType_t)(((TickType_t)(ms) * (TickType_t)CONFIG_FREERTOS_HZ) / (TickType_t)1000U))
#define pdTRUE ((BaseType_t)1)
#define pdFALSE ((BaseType_t)0)
#define portBASE_TYPE int

typedef struct {
	uint32_t owner;
	uint32_t count;
} portMUX_TYPE;
#define portMUX_INITIALIZER_UNLOCKED { 0xb33fffff, 0 }
void vPortEnterCritical(portMUX_TYPE *lock);
void vPortExitCritical(portMUX_TYPE *lock);
#define portENTER_CRITICAL(lock) vPortEnterCritical(lock)
#define portEXIT_CRITICAL(lock) vPortExitCritical(lock)
#define portENTER_CRITICAL_ISR(lock) vPortEnterCritical(lock)
#define portEXIT_CRITICAL_ISR(lock) vPortExitCritical(lock)
#define taskENTER_CRITICAL(lock) vPortEnterCritical(lock)
#define taskEXIT_CRITICAL(lock) vPortExitCritical(lock)
