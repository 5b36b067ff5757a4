/*
 * Freezing, as the SDK's linker does it for preloaded modules. Built-ins, functions and classes, Map and Set, buffers
 * and their views, regular expressions and promises become read-only. Other objects, and variables, that were left
 * writable become "aliases": each wake writes to its own copy and forgets it at sleep. The linker warns of those; here
 * they are named, and so is what a wake wrote.
 */
#include "dormouse.h"

static char** gNames;	/* of aliases, by their id; NULL where unknown */
static uint8_t* gSeen;	/* a byte for each slot of flash, while naming */

static const char kHarden[] =
	"(harden)=>{const g=globalThis;for(const k of Object.getOwnPropertyNames(g)){const v=g[k];"
	"if(v!==g&&(typeof v==='function'||(typeof v==='object'&&v!==null)))harden(v);}"
	"for(const f of [function*(){},async()=>{},async function*(){},[][Symbol.iterator](),new Map()[Symbol.iterator](),"
	"new Set()[Symbol.iterator](),''[Symbol.iterator](),/a/g[Symbol.matchAll]('a'),"
	"(function(){return arguments})()])harden(Object.getPrototypeOf(f));}";

/* ---- Before sharing */

static void hardenBuiltIns(txMachine* the)
{
	txStringCStream stream = { (txString)kHarden, 0, sizeof(kHarden) - 1 };
	txSlot* realm = mxModuleInstanceInternal(mxProgram.value.reference)->value.module.realm;
	mxPushUndefined();
	fxRunScript(the, fxParseScript(the, &stream, fxStringCGetter, mxProgramFlag | mxStrictFlag), C_NULL, C_NULL,
		mxRealmClosures(realm)->value.reference, C_NULL, mxProgram.value.reference);
	mxCall();
	fxNewHostFunction(the, fx_harden, 1, XS_NO_ID, XS_NO_ID);
	mxRunCount(1);
	mxPop();
}

static void seal(txSlot* instance)
{
	txSlot* property;
	for (property = instance->next; property; property = property->next) {
		if (property->kind != XS_ACCESSOR_KIND)
			property->flag |= XS_DONT_SET_FLAG;
		property->flag |= XS_DONT_DELETE_FLAG;
	}
	instance->flag |= XS_DONT_PATCH_FLAG;
}

static int isFunction(txSlot* internal)
{
	return (internal->kind == XS_CALLBACK_KIND) || (internal->kind == XS_CALLBACK_X_KIND) ||
		(internal->kind == XS_CODE_KIND) || (internal->kind == XS_CODE_X_KIND);
}

static void sealFunction(txSlot* instance)
{
	txSlot* property;
	seal(instance);
	if (!(instance->flag & XS_CAN_CONSTRUCT_FLAG))
		return;
	for (property = instance->next; property; property = property->next)
		if ((property->ID == mxID(_prototype)) && (property->kind == XS_REFERENCE_KIND))
			seal(property->value.reference);
}

static void sealByKind(txMachine* the, txSlot* instance)
{
	txSlot* internal = instance->next;
	if ((instance->kind != XS_INSTANCE_KIND) || !internal || !(internal->flag & XS_INTERNAL_FLAG))
		return;
	if (isFunction(internal)) {
		sealFunction(instance);
		return;
	}
	switch (internal->kind) {
	case XS_MAP_KIND: case XS_SET_KIND: case XS_WEAK_MAP_KIND: case XS_WEAK_SET_KIND: case XS_WEAK_REF_KIND:
	case XS_ARRAY_BUFFER_KIND: case XS_DATA_VIEW_KIND: case XS_TYPED_ARRAY_KIND: case XS_PROXY_KIND: case XS_REGEXP_KIND:
		seal(instance);
		break;
	case XS_PROMISE_KIND:
		seal(instance);
		seal(internal->next->value.reference);
		break;
	default:
		if (internal->ID == XS_ENVIRONMENT_BEHAVIOR)
			seal(instance);
	}
}

static void eachSlot(txMachine* the, void (*visit)(txMachine*, txSlot*))
{
	txSlot *heap, *slot;
	for (heap = the->firstHeap; heap; heap = heap->next)
		for (slot = heap + 1; slot < heap->value.reference; slot++)
			(*visit)(the, slot);
}

/* One home for functions in a row that have the same, as the linker's fxPrepareHome has it in a stripped build. */
static void shareHomes(txMachine* the)
{
	txSlot *heap, *slot, *home = C_NULL;
	for (heap = the->firstHeap; heap; heap = heap->next)
		for (slot = heap + 1; slot < heap->value.reference; slot++) {
			txSlot* next = slot->next;
			if (!next || next->next || (next->ID != XS_NO_ID) || (next->kind != XS_HOME_KIND))
				continue;
			if (home && (home->flag == next->flag) && (home->value.home.object == next->value.home.object) &&
					(home->value.home.module == next->value.home.module))
				slot->next = home;
			else
				home = next;
		}
}

void dmFreezeRoot(txMachine* the)
{
	hardenBuiltIns(the);
	fxCollectGarbage(the);
	shareHomes(the);
	fxCollectGarbage(the);
	eachSlot(the, sealByKind);
}

/* ---- While sharing */

static int isSealed(txSlot* slot)
{
	return (slot->flag & XS_DONT_DELETE_FLAG) && ((slot->kind == XS_ACCESSOR_KIND) || (slot->flag & XS_DONT_SET_FLAG));
}

static int isFrozen(txMachine* the, txSlot* instance)
{
	txSlot* property = instance->next;
	if (!(instance->flag & XS_DONT_PATCH_FLAG))
		return 0;
	for (; property && (property->flag & XS_INTERNAL_FLAG); property = property->next)
		if (property->kind == XS_ARRAY_KIND) {
			txSlot* item = property->value.array.address;
			txIndex length = fxGetIndexSize(the, property);
			for (; length; length--, item++)
				if (!isSealed(item))
					return 0;
		}
	for (; property; property = property->next)
		if (!isSealed(property))
			return 0;
	return 1;
}

/* What lies inside a frozen object is read-only too. */
static void petrify(txSlot* instance)
{
	txSlot *property, *item;
	for (property = instance->next; property && (property->flag & XS_INTERNAL_FLAG); property = property->next)
		switch (property->kind) {
		case XS_ARRAY_BUFFER_KIND: case XS_DATE_KIND: case XS_MAP_KIND: case XS_REGEXP_KIND: case XS_SET_KIND:
		case XS_WEAK_MAP_KIND: case XS_WEAK_SET_KIND:
			property->flag |= XS_DONT_SET_FLAG;
			break;
		case XS_PRIVATE_KIND:
			for (item = property->value.private.first; item; item = item->next) {
				if (item->kind != XS_ACCESSOR_KIND)
					item->flag |= XS_DONT_SET_FLAG;
				item->flag |= XS_DONT_DELETE_FLAG;
			}
			break;
		}
}

static void clearAlias(txMachine* the, txSlot* slot)
{
	if (slot->kind == XS_INSTANCE_KIND)
		slot->ID = XS_NO_ID;
	else if (slot->kind == XS_CLOSURE_KIND)
		slot->value.closure->ID = XS_NO_ID;
}

static void aliasInstance(txMachine* the, txSlot* slot)
{
	if (slot->kind != XS_INSTANCE_KIND)
		return;
	if (isFrozen(the, slot) && (slot != gSlotInstance))
		petrify(slot);
	else
		slot->ID = the->aliasCount++;
}

static void aliasClosure(txMachine* the, txSlot* slot)
{
	txSlot* closure;
	if (slot->kind != XS_CLOSURE_KIND)
		return;
	closure = slot->value.closure;
	if ((closure->kind == XS_REFERENCE_KIND) && closure->value.reference->next && isFunction(closure->value.reference->next))
		closure->flag |= XS_DONT_SET_FLAG;
	if (closure->flag & XS_DONT_SET_FLAG)
		closure->flag |= XS_DONT_DELETE_FLAG;
	else {
		if (closure->ID == XS_NO_ID)
			closure->ID = the->aliasCount++;
		slot->flag &= ~XS_DONT_SET_FLAG;
	}
}

/* Kinds whose value is a chunk become those for chunks in flash, which no collection of a wake moves. */
static void toFlashKind(txMachine* the, txSlot* slot)
{
	switch (slot->kind) {
	case XS_STRING_KIND: slot->kind = XS_STRING_X_KIND; break;
	case XS_KEY_KIND: slot->kind = XS_KEY_X_KIND; break;
	case XS_CODE_KIND: slot->kind = XS_CODE_X_KIND; break;
	case XS_BIGINT_KIND: slot->kind = XS_BIGINT_X_KIND; break;
	case XS_REGEXP_KIND: slot->value.regexp.data = C_NULL; break; /* a wake brings its own scratch */
	case XS_ARRAY_KIND: {
		txSlot* item = slot->value.array.address;
		txIndex length = fxGetIndexSize(the, slot);
		for (; length; length--, item++)
			toFlashKind(the, item);
		break;
	}
	}
}

/* ---- Names of aliases */

static void nameValue(txMachine* the, txSlot* value, const char* path, int depth);

static void nameProperty(txMachine* the, txSlot* property, const char* path, int depth)
{
	char inner[160];
	const char* key = property->ID == XS_NO_ID ? C_NULL : fxGetKeyName(the, property->ID);
	snprintf(inner, sizeof(inner), "%s.%s", path, key ? key : "?");
	nameValue(the, property, inner, depth);
}

static void nameInstance(txMachine* the, txSlot* instance, const char* path, int depth)
{
	txSlot* property;
	uint8_t* seen = gSeen + ((uint8_t*)instance - (uint8_t*)the->stackBottom) / (int)sizeof(txSlot);
	if (*seen || (depth > 8) || (instance == gSlotInstance))
		return;
	*seen = 1;
	if ((instance->ID != XS_NO_ID) && !gNames[instance->ID])
		gNames[instance->ID] = strdup(path);
	for (property = instance->next; property && (property->flag & XS_INTERNAL_FLAG); property = property->next)
		if (property->kind == XS_ARRAY_KIND) {
			txIndex i, length = fxGetIndexSize(the, property);
			for (i = 0; i < length; i++) {
				char inner[160];
				snprintf(inner, sizeof(inner), "%s[%d]", path, (int)i);
				nameValue(the, property->value.array.address + i, inner, depth + 1);
			}
		}
		else if (property->kind == XS_PRIVATE_KIND) {
			txSlot* item;
			for (item = property->value.private.first; item; item = item->next)
				nameProperty(the, item, path, depth + 1);
		}
	for (; property; property = property->next)
		nameProperty(the, property, path, depth + 1);
}

static void nameValue(txMachine* the, txSlot* value, const char* path, int depth)
{
	if (value->kind == XS_REFERENCE_KIND)
		nameInstance(the, value->value.reference, path, depth);
}

/* The variables of a module are the closures of the functions that see them. */
static void nameVariable(txMachine* the, txSlot* slot)
{
	txSlot* closure;
	const char* name;
	if ((slot->kind != XS_CLOSURE_KIND) || (slot->ID == XS_NO_ID))
		return;
	closure = slot->value.closure;
	name = fxGetKeyName(the, slot->ID);
	if (!name)
		return;
	if ((closure->ID != XS_NO_ID) && !gNames[closure->ID])
		gNames[closure->ID] = strdup(name);
	nameValue(the, closure, name, 0);
}

static void nameAliases(txMachine* the)
{
	uint8_t* end = dmFlashAllocate(64);
	gNames = c_calloc(the->aliasCount, sizeof(char*));
	gSeen = c_calloc(1, (size_t)(end - (uint8_t*)gRoot->stackBottom) / sizeof(txSlot) + 1);
	if (!gNames || !gSeen)
		_exit(70);
	eachSlot(the, nameVariable);
	c_free(gSeen);
}

void dmShareRoot(txMachine* the)
{
	fxShareMachine(the);
	the->aliasCount = 1; /* 0 is XS_NO_ID */
	eachSlot(the, clearAlias);
	eachSlot(the, aliasInstance);
	eachSlot(the, aliasClosure);
	nameAliases(the);
	eachSlot(the, toFlashKind);
}

/* ---- Reports */

static void putWarning(txMachine* the, txSlot* slot)
{
	if ((slot->kind == XS_INSTANCE_KIND) && (slot->ID != XS_NO_ID) && gNames[slot->ID]) {
		dmPut(gNames[slot->ID], (uint32_t)strlen(gNames[slot->ID]));
		dmPut("\n", 1);
	}
}

/* Objects that modules left writable, as the linker's "not frozen" warnings. Variables are not listed: bundlers turn
   `const` into `var`; a write to one shows below. */
void dmPutWarnings(txMachine* the)
{
	eachSlot(the, putWarning);
}

/* What this wake wrote at module scope: lost at sleep. */
void dmPutModuleWrites(txMachine* the)
{
	txID i;
	for (i = 1; i < the->aliasCount; i++)
		if (the->aliasArray[i] && gNames[i]) {
			dmPut(gNames[i], (uint32_t)strlen(gNames[i]));
			dmPut("\n", 1);
		}
}
