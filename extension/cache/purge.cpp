#include "extension/cache/purge.hpp"

#include "extension/cache/memory.hpp"
#include "extension/migration.hpp"

extern "C" {
#include "access/xact.h"
#include "catalog/objectaccess.h"
#include "catalog/pg_class.h"
#include "catalog/pg_database.h"
#include "catalog/pg_extension.h"
#include "commands/extension.h"
#include "miscadmin.h"
#include "nodes/pg_list.h"
}

namespace steward::cache {

namespace {

object_access_hook_type next_hook = nullptr;

/// Databases of which this transaction takes all that is cached; the list lives as long as it does.
List *purged = NIL;

void end_transaction(XactEvent event) {
    if (event != XACT_EVENT_COMMIT && event != XACT_EVENT_ABORT && event != XACT_EVENT_PREPARE)
        return;
    List *const databases = std::exchange(purged, NIL);
    if (event == XACT_EVENT_ABORT || databases == NIL || !has_memory())
        return;
    // A drop that a savepoint has undone empties the caches all the same, which costs no more than time.
    ListCell *cell = nullptr;
    foreach (cell, databases)
        retire_database(lfirst_oid(cell));
    free_retired(); // those that were empty
}

void purge_at_commit(Oid database) {
    static bool const is_watching = [] {
        RegisterXactCallback([](XactEvent event, void *) { boundary([&] { end_transaction(event); }); },
                             nullptr);
        return true;
    }();
    (void)is_watching;
    MemoryContext const caller = MemoryContextSwitchTo(TopTransactionContext);
    purged = list_append_unique_oid(purged, database);
    MemoryContextSwitchTo(caller);
}

bool is_our_extension(Oid extension) {
    const char *const name = get_extension_name(extension);
    return name != nullptr && strcmp(name, "pg_steward") == 0;
}

/// Whether a schema, a cascade or a statement that names it drops it makes no difference.
void look_at_drop(Oid kind, Oid object) {
    switch (kind) {
    case DatabaseRelationId:
        purge_at_commit(object);
        break;
    case ExtensionRelationId:
        if (is_our_extension(object))
            purge_at_commit(MyDatabaseId);
        break;
    case RelationRelationId:
        if (object == steward_table("cache_namespace"))
            purge_at_commit(MyDatabaseId);
        break;
    default:
        break;
    }
}

} // namespace

void install_purge_hook() {
    next_hook = object_access_hook;
    object_access_hook = [](ObjectAccessType access, Oid kind, Oid object, int part, void *argument) {
        if (next_hook != nullptr)
            next_hook(access, kind, object, part, argument);
        if (access == OAT_DROP && part == 0)
            boundary([=] { look_at_drop(kind, object); });
    };
}

} // namespace steward::cache
