#include "extension/cache/query_tree.hpp"

extern "C" {
#include "access/transam.h"
#include "catalog/pg_class.h"
#include "catalog/pg_inherits.h"
#include "catalog/pg_proc.h"
#include "nodes/nodeFuncs.h"
#include "nodes/parsenodes.h"
#include "utils/fmgroids.h"
#include "utils/lsyscache.h"
#include "utils/regproc.h"
}

namespace steward::cache {

namespace {

[[noreturn]] void refuse(const char *why) {
    ereport(ERROR, errcode(ERRCODE_FEATURE_NOT_SUPPORTED), errmsg("the rows of this query cannot be cached"),
            errdetail("%s", why));
}

/// A function of the server that is not volatile depends on its arguments, the settings, or the time: the
/// last is what the time to live is for. Settings of an application often stand for its user.
bool is_fit(Oid function, void *) {
    constexpr Oid of_session[] = {
        F_CURRENT_SETTING_TEXT, F_CURRENT_SETTING_TEXT_BOOL, F_PG_SHOW_ALL_SETTINGS, F_PG_BACKEND_PID,
        F_INET_CLIENT_ADDR,     F_INET_CLIENT_PORT,          F_PG_CURRENT_XACT_ID,   F_TXID_CURRENT};
    constexpr Oid of_tables[] = {F_TABLE_TO_XML,    F_TABLE_TO_XML_AND_XMLSCHEMA,
                                 F_SCHEMA_TO_XML,   F_SCHEMA_TO_XML_AND_XMLSCHEMA,
                                 F_DATABASE_TO_XML, F_DATABASE_TO_XML_AND_XMLSCHEMA};
    if (std::ranges::find(of_session, function) != std::end(of_session))
        refuse("It asks for a setting, or for the session, which may be another each time.");
    if (std::ranges::find(of_tables, function) != std::end(of_tables))
        refuse("It reads tables by a function, which does not say so.");
    char const volatility = func_volatile(function);
    bool const is_known = volatility == PROVOLATILE_IMMUTABLE ||
                          (volatility == PROVOLATILE_STABLE && function < FirstNormalObjectId);
    if (!is_known)
        refuse(psprintf("It calls %s, of which nobody knows what its result depends on.",
                        format_procedure(function)));
    return false; // go on
}

bool look_at(Node *node, void *);
/// As the server declares it, whose C means any arguments.
auto const walker = reinterpret_cast<bool (*)()>(reinterpret_cast<void *>(look_at));

bool look_at(Node *node, void *) {
    if (node == nullptr)
        return false;
    check_functions_in_node(node, is_fit, nullptr);
    if (!IsA(node, Query))
        return expression_tree_walker(node, walker, nullptr);
    auto *const query = castNode(Query, node);
    if (query->commandType != CMD_SELECT || query->hasModifyingCTE || query->rowMarks != NIL)
        refuse("It changes or locks rows.");
    return query_tree_walker(query, walker, nullptr, 0);
}

void add_table(Stamps &stamps, Oid relation) {
    char const kind = get_rel_relkind(relation);
    if (relation < FirstNormalObjectId)
        refuse("It reads the system catalogs.");
    if (kind == RELKIND_VIEW)
        return; // its tables are there, too
    if (kind != RELKIND_RELATION && kind != RELKIND_PARTITIONED_TABLE && kind != RELKIND_MATVIEW)
        refuse(psprintf("It reads %s, of whose changes nobody hears.", get_rel_name(relation)));
    if (get_rel_persistence(relation) == RELPERSISTENCE_TEMP)
        refuse("It reads a temporary table.");
    if (kind == RELKIND_RELATION && find_inheritance_children(relation, NoLock) != NIL)
        refuse(psprintf("Others inherit from %s, of whose changes nobody hears.", get_rel_name(relation)));
    stamps.add(slot_of(TagKind::table, relation));
}

} // namespace

void add_tables(Stamps &stamps, const CachedPlanSource *source) {
    ListCell *cell = nullptr;
    foreach (cell, source->query_list)
        look_at(lfirst_node(Node, cell), nullptr);
    foreach (cell, source->relationOids)
        add_table(stamps, lfirst_oid(cell));
}

} // namespace steward::cache
