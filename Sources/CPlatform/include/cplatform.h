// What Swift's platform module lacks. One header for each thing it is needed for.
#pragma once
#include "cplatform_process.h"
#include "cplatform_sqlite.h"
#include "cplatform_doorbell.h"
