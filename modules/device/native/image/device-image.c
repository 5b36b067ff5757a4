/* The functions of device-image.ts over board.h. */
#include "xsmc.h"
#include "xsHost.h"

#include "../board.h"

void xs_dormouse_imageState(xsMachine *the)
{
	xsmcSetInteger(xsResult, dm_image_state());
}

void xs_dormouse_imageRevert(xsMachine *the)
{
	(void)the;
	dm_image_revert();
}
