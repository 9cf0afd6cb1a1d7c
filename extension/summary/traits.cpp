// What a query depends on that no trigger tells of: the time, and functions that may read anything.
#include "extension/summary/analysis.hpp"

extern "C" {
#include "access/transam.h"
#include "catalog/pg_class.h"
#include "catalog/pg_proc.h"
#include "catalog/pg_type.h"
#include "nodes/nodeFuncs.h"
#include "nodes/parsenodes.h"
#include "optimizer/optimizer.h"
#include "parser/parsetree.h"
#include "utils/fmgroids.h"
#include "utils/lsyscache.h"
#include "utils/regproc.h"
#include "utils/timestamp.h"
}

namespace steward::summary {

namespace {

constexpr Oid clocks[] = {F_NOW, F_TRANSACTION_TIMESTAMP, F_STATEMENT_TIMESTAMP, F_AGE_TIMESTAMPTZ,
                          F_AGE_TIMESTAMP};
constexpr Oid of_session[] = {F_CURRENT_SETTING_TEXT, F_CURRENT_SETTING_TEXT_BOOL, F_PG_BACKEND_PID,
                              F_INET_CLIENT_ADDR,     F_INET_CLIENT_PORT,          F_PG_CURRENT_XACT_ID,
                              F_TXID_CURRENT,         F_PG_SHOW_ALL_SETTINGS,      F_VERSION};

/// Where a walk through a query is.
struct Walk {
    Traits traits;
    List *queries; ///< the present one, and those around it
    int negations; ///< it is inside of so many
};

void add(Walk &walk, const char *part, const char *detail) {
    ListCell *cell = nullptr;
    foreach (cell, walk.traits.others)
        if (strcmp(static_cast<const Trait *>(lfirst(cell))->detail, detail) == 0)
            return;
    auto *const trait = static_cast<Trait *>(palloc(sizeof(Trait)));
    *trait = {part, detail};
    walk.traits.others = lappend(walk.traits.others, trait);
}

/// Functions of the server that are stable read settings, which a refresh fixes, the time, or the session.
bool look_at_function(Oid function, void *context) {
    auto &walk = *static_cast<Walk *>(context);
    if (std::ranges::find(clocks, function) != std::end(clocks)) {
        add(walk, "clock", psprintf("It calls %s.", format_procedure(function)));
        return false;
    }
    char const volatility = func_volatile(function);
    if (volatility == PROVOLATILE_VOLATILE)
        ereport(ERROR, errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
                errmsg("the query of a summary must not be volatile"),
                errdetail("It calls %s, whose result may be another each time.", format_procedure(function)));
    bool const is_known =
        function < FirstNormalObjectId && std::ranges::find(of_session, function) == std::end(of_session);
    if (volatility == PROVOLATILE_STABLE && !is_known)
        add(walk, "function",
            psprintf("It calls %s, of which nobody knows what its result depends on.",
                     format_procedure(function)));
    return false; // go on
}

bool is_clock(Node *node) {
    if (IsA(node, FuncExpr))
        return castNode(FuncExpr, node)->args == NIL &&
               std::ranges::find(clocks, castNode(FuncExpr, node)->funcid) != std::end(clocks);
    return IsA(node, SQLValueFunction) && castNode(SQLValueFunction, node)->op == SVFOP_CURRENT_TIMESTAMP;
}

/// How long before now a time is, in microseconds: `now()`, or `now()` plus or minus a constant. Months have
/// no length.
bool is_time_ago(Node *node, int64 *ago, bool *has_days) {
    *ago = 0;
    *has_days = false;
    if (is_clock(node))
        return true;
    if (!IsA(node, OpExpr) || list_length(castNode(OpExpr, node)->args) != 2)
        return false;
    auto const *const sum = castNode(OpExpr, node);
    Oid const function = get_opcode(sum->opno);
    if ((function != F_TIMESTAMPTZ_MI_INTERVAL && function != F_TIMESTAMPTZ_PL_INTERVAL) ||
        !is_clock(static_cast<Node *>(linitial(sum->args))))
        return false;
    Node *const length = eval_const_expressions(nullptr, static_cast<Node *>(lsecond(sum->args)));
    if (!IsA(length, Const) || castNode(Const, length)->constisnull)
        return false;
    auto const *const interval = DatumGetIntervalP(castNode(Const, length)->constvalue);
    *ago =
        (interval->day * USECS_PER_DAY + interval->time) * (function == F_TIMESTAMPTZ_MI_INTERVAL ? 1 : -1);
    *has_days = interval->day != 0;
    return interval->month == 0;
}

/// The relation that a column is of, in the query that it stands in; or InvalidOid.
Oid relation_of(const Walk &walk, Var *var) {
    if (static_cast<int>(var->varlevelsup) >= list_length(walk.queries))
        return InvalidOid;
    auto const *const query =
        static_cast<Query *>(list_nth(walk.queries, static_cast<int>(var->varlevelsup)));
    RangeTblEntry const *const entry = rt_fetch(var->varno, query->rtable);
    return entry->rtekind == RTE_RELATION && var->varattno > 0 && entry->relkind != RELKIND_VIEW
               ? entry->relid
               : InvalidOid;
}

void add_instant(Walk &walk, Oid relation, const char *column, int64 after, bool is_end) {
    auto *const instant = static_cast<Instant *>(palloc(sizeof(Instant)));
    *instant = {
        relation, is_end,
        psprintf("(%s + '" INT64_FORMAT " microseconds'::interval)", quote_identifier(column), after)};
    walk.traits.instants = lappend(walk.traits.instants, instant);
}

/// Whether a comparison of a column with the time is all that an expression is; notes when it changes.
bool look_at_comparison(Walk &walk, OpExpr *comparison) {
    if (list_length(comparison->args) != 2)
        return false;
    for (int side = 0; side < 2; ++side) {
        auto *const column = static_cast<Node *>(list_nth(comparison->args, side));
        int64 ago = 0;
        bool has_days = false;
        if (!IsA(column, Var) || exprType(column) != TIMESTAMPTZOID ||
            !is_time_ago(static_cast<Node *>(list_nth(comparison->args, 1 - side)), &ago, &has_days))
            continue;
        Oid const relation = relation_of(walk, castNode(Var, column));
        List *const strategies = get_op_btree_interpretation(comparison->opno);
        if (!OidIsValid(relation) || strategies == NIL)
            return false;
        int const strategy = static_cast<OpBtreeInterpretation *>(linitial(strategies))->strategy;
        bool const is_less = strategy == BTLessStrategyNumber || strategy == BTLessEqualStrategyNumber;
        bool const is_greater =
            strategy == BTGreaterStrategyNumber || strategy == BTGreaterEqualStrategyNumber;
        if (!is_less && !is_greater)
            return false;
        const char *const name = get_attname(relation, castNode(Var, column)->varattno, false);
        bool const is_end = (side == 0 ? is_greater : is_less) && walk.negations == 0;
        add_instant(walk, relation, name, ago, is_end);
        if (has_days) { // which are longer or shorter by an hour where the clocks change
            add_instant(walk, relation, name, ago - USECS_PER_HOUR, is_end);
            add_instant(walk, relation, name, ago + USECS_PER_HOUR, is_end);
        }
        return true;
    }
    return false;
}

bool look_at(Node *node, Walk *walk);
/// As the server declares it, whose C means any arguments.
auto const walker = reinterpret_cast<bool (*)()>(reinterpret_cast<void *>(look_at));

bool look_at_query(Query *query, Walk *walk) {
    if (query->commandType != CMD_SELECT || query->hasModifyingCTE || query->rowMarks != NIL)
        ereport(ERROR, errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
                errmsg("the query of a summary must not change or lock rows"));
    walk->queries = lcons(query, walk->queries);
    query_tree_walker(query, walker, walk, 0);
    walk->queries = list_delete_first(walk->queries);
    return false;
}

bool look_at(Node *node, Walk *walk) {
    if (node == nullptr)
        return false;
    if (IsA(node, Query))
        return look_at_query(castNode(Query, node), walk);
    if (IsA(node, OpExpr) && look_at_comparison(*walk, castNode(OpExpr, node)))
        return false;
    if (IsA(node, BoolExpr) && castNode(BoolExpr, node)->boolop == NOT_EXPR) {
        ++walk->negations;
        expression_tree_walker(node, walker, walk);
        --walk->negations;
        return false;
    }
    check_functions_in_node(node, look_at_function, walk);
    if (IsA(node, SQLValueFunction)) {
        bool const is_time = castNode(SQLValueFunction, node)->op <= SVFOP_LOCALTIMESTAMP_N;
        add(*walk, is_time ? "clock" : "function",
            is_time ? "It asks for the current time." : "It asks who the user is.");
    }
    return expression_tree_walker(node, walker, walk);
}

} // namespace

Traits traits_of(List *queries) {
    Walk walk{};
    ListCell *cell = nullptr;
    foreach (cell, queries)
        look_at(lfirst_node(Node, cell), &walk);
    return walk.traits;
}

} // namespace steward::summary
