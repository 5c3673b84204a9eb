/*
 * no_symbol.c: a shared object that is no plugin.
 */
#include <sc/types.h>

extern SC_API const char no_symbol_text[];
const char no_symbol_text[] = "a shared object without a plugin in it";
