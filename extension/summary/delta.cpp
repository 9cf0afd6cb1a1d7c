#include "core/summary/key_sums.hpp"

#include "extension/summary/delta.hpp"

extern "C" {
#include "access/table.h"
#include "catalog/pg_aggregate.h"
#include "catalog/pg_class.h"
#include "catalog/pg_type.h"
#include "lib/stringinfo.h"
#include "nodes/makefuncs.h"
#include "nodes/nodeFuncs.h"
#include "nodes/parsenodes.h"
#include "optimizer/optimizer.h"
#include "optimizer/tlist.h"
#include "parser/parse_clause.h"
#include "parser/parsetree.h"
#include "rewrite/rewriteHandler.h"
#include "rewrite/rewriteManip.h"
#include "rewrite/rewriteSupport.h"
#include "utils/fmgroids.h"
#include "utils/lsyscache.h"
#include "utils/rel.h"
#include "utils/ruleutils.h"
#include "utils/syscache.h"
}

namespace steward::summary {

namespace {

/// Stands for a text in an expression while that is written down: no query of a user has so many parameters.
constexpr int first_mark = 734'000'000;

constexpr Oid counts[] = {F_COUNT_, F_COUNT_ANY};
constexpr Oid sums[] = {F_SUM_INT2, F_SUM_INT4, F_SUM_INT8};
constexpr Oid averages[] = {F_AVG_INT2, F_AVG_INT4, F_AVG_INT8};

template <std::size_t size> bool is_one_of(const Oid (&functions)[size], Oid function) {
    return std::ranges::find(functions, function) != std::end(functions);
}

auto walk(bool (*look)(Node *, void *)) {
    return reinterpret_cast<bool (*)()>(reinterpret_cast<void *>(look));
}

/// Functions that raise no error: whatever they are called with, or for all rows if they do so for none when
/// their first argument, which is a constant, is what it may be.
bool is_partial(Oid function, void *) {
    constexpr Oid total[] = {F_INT4_BOOL,
                             F_INT4_INT2,
                             F_INT8_INT4,
                             F_INT8_INT2,
                             F_ENUM_EQ,
                             F_ENUM_NE,
                             F_DATE_TRUNC_TEXT_TIMESTAMP,
                             F_TIMEZONE_TEXT_TIMESTAMPTZ,
                             F_DATE_TIMESTAMP,
                             F_LOWER_TEXT,
                             F_UPPER_TEXT,
                             F_MD5_TEXT};
    return !get_func_leakproof(function) && !is_one_of(total, function);
}

/// Whether whole numbers are divided by a constant that all can be divided by.
bool is_safe_division(Node *node) {
    constexpr Oid divisions[] = {F_INT2DIV, F_INT4DIV, F_INT8DIV, F_INT2MOD,
                                 F_INT4MOD, F_INT8MOD, F_INT84DIV};
    if (!IsA(node, OpExpr) || !is_one_of(divisions, get_opcode(castNode(OpExpr, node)->opno)))
        return false;
    auto *const by = static_cast<Node *>(lsecond(castNode(OpExpr, node)->args));
    if (!IsA(by, Const) || castNode(Const, by)->constisnull)
        return false;
    Datum const value = castNode(Const, by)->constvalue;
    int64 const number =
        castNode(Const, by)->consttype == INT8OID ? DatumGetInt64(value) : DatumGetInt32(value);
    return number > 0;
}

bool is_unsafe(Node *node, void *context) {
    if (node == nullptr)
        return false;
    if (is_safe_division(node))
        return is_unsafe(static_cast<Node *>(linitial(castNode(OpExpr, node)->args)), context);
    switch (nodeTag(node)) {
    case T_Var:
        return castNode(Var, node)->varattno <= 0; // a whole row, whose text is the name of the table
    case T_Const:
    case T_BoolExpr:
    case T_NullTest:
    case T_BooleanTest:
    case T_CaseExpr:
    case T_CaseWhen:
    case T_CaseTestExpr:
    case T_CoalesceExpr:
    case T_RelabelType:
    case T_List:
    case T_OpExpr:
    case T_FuncExpr:
    case T_ScalarArrayOpExpr:
    case T_ArrayExpr:
    case T_DistinctExpr:
        return check_functions_in_node(node, is_partial, context) ||
               expression_tree_walker(node, walk(is_unsafe), context);
    default:
        return true;
    }
}

class Reader {
  public:
    Reader(Query *query, List *names) : query_(query), names_(names) {}

    Delta read() {
        Delta delta{};
        delta.reason = obstacle();
        if (delta.reason == nullptr)
            delta.reason = read_relation(delta);
        if (delta.reason == nullptr)
            delta.reason = read_keys(delta);
        if (delta.reason == nullptr)
            delta.reason = read_outputs(delta);
        delta.deltas = deltas_;
        return delta;
    }

  private:
    const char *obstacle() const;
    const char *read_relation(Delta &delta);
    const char *read_keys(Delta &delta);
    const char *read_outputs(Delta &delta);
    const char *text_of(Node *expression) const;
    const char *output_of(Node *expression);
    const char *sum_of(const char *delta);
    const char *value_of(const Aggref *aggregate);
    int mark(const char *text);
    static Node *replace(Node *node, void *context);

    Query *query_;
    List *names_;
    int place_ = 0; ///< of the relation in the range table
    Oid relation_ = InvalidOid;
    List *groups_ = NIL; ///< expressions that are grouped by
    List *group_names_ = NIL;
    List *deltas_ = NIL;
    List *marks_ = NIL; ///< texts that stand for parameters
    const char *reason_ = nullptr;
};

const char *Reader::obstacle() const {
    if (query_->commandType != CMD_SELECT || query_->setOperations != nullptr || query_->cteList != NIL)
        return "It is more than a SELECT of one table.";
    if (query_->groupClause == NIL || query_->groupingSets != NIL)
        return "It does not group rows.";
    if (query_->hasWindowFuncs || query_->hasTargetSRFs || query_->hasSubLinks ||
        query_->distinctClause != NIL || query_->havingQual != nullptr || query_->limitCount != nullptr ||
        query_->limitOffset != nullptr)
        return "It has HAVING, DISTINCT, LIMIT, a window or a sub-select.";
    return nullptr;
}

const char *Reader::read_relation(Delta &delta) {
    List *const from = query_->jointree->fromlist;
    if (list_length(from) != 1 || !IsA(linitial(from), RangeTblRef))
        return "It joins tables.";
    place_ = castNode(RangeTblRef, linitial(from))->rtindex;
    RangeTblEntry const *const entry = rt_fetch(place_, query_->rtable);
    if (entry->rtekind != RTE_RELATION || entry->tablesample != nullptr ||
        (entry->relkind != RELKIND_RELATION && entry->relkind != RELKIND_PARTITIONED_TABLE))
        return "It does not read a table.";
    relation_ = delta.relation = entry->relid;
    delta.columns = entry->selectedCols;
    Relation const table = table_open(relation_, AccessShareLock);
    bool const has_policies = table->rd_rel->relrowsecurity;
    table_close(table, AccessShareLock);
    if (has_policies)
        return "Its table has row security.";
    Node *const condition = query_->jointree->quals;
    if (condition == nullptr)
        return nullptr;
    if (contain_mutable_functions(condition) || is_unsafe(condition, nullptr))
        return "Its WHERE may fail, or is not immutable.";
    delta.condition = const_cast<char *>(text_of(condition));
    return nullptr;
}

/// The text of an expression over the relation.
const char *Reader::text_of(Node *expression) const {
    auto *const copy = static_cast<Node *>(copyObjectImpl(expression));
    ChangeVarNodes(copy, place_, 1, 0);
    return deparse_expression(copy, deparse_context_for(get_rel_name(relation_), relation_), false, false);
}

const char *Reader::read_keys(Delta &delta) {
    ListCell *cell = nullptr;
    foreach (cell, names_) {
        auto *const name = static_cast<char *>(lfirst(cell));
        ListCell *target = nullptr;
        foreach (target, query_->targetList) {
            auto const *const entry = lfirst_node(TargetEntry, target);
            if (entry->resjunk || strcmp(entry->resname, name) != 0 ||
                !targetIsInSortList(const_cast<TargetEntry *>(entry), InvalidOid, query_->groupClause))
                continue;
            auto *const expression = reinterpret_cast<Node *>(entry->expr);
            if (contain_mutable_functions(expression) || is_unsafe(expression, nullptr))
                return "Its key may fail, or is not immutable.";
            groups_ = lappend(groups_, entry->expr);
            group_names_ = lappend(group_names_, name);
            delta.keys =
                lappend(delta.keys, const_cast<char *>(text_of(reinterpret_cast<Node *>(entry->expr))));
        }
    }
    return list_length(groups_) == list_length(names_) &&
                   list_length(groups_) == list_length(query_->groupClause)
               ? nullptr
               : "Its key is not what it groups by.";
}

/// The name of the sum of what each row adds.
const char *Reader::sum_of(const char *delta) {
    for (int i = 0; i < list_length(deltas_); ++i)
        if (strcmp(static_cast<const char *>(list_nth(deltas_, i)), delta) == 0)
            return psprintf("steward_%d", i + 1);
    deltas_ = lappend(deltas_, const_cast<char *>(delta));
    return psprintf("steward_%d", list_length(deltas_));
}

/// An aggregate, as an expression over sums; null, with a reason, if it is none.
const char *Reader::value_of(const Aggref *aggregate) {
    bool const is_count = is_one_of(counts, aggregate->aggfnoid);
    bool const is_sum = is_one_of(sums, aggregate->aggfnoid);
    if (!is_count && !is_sum && !is_one_of(averages, aggregate->aggfnoid)) {
        reason_ = "It has another aggregate than a count, or a sum or average of integers.";
        return nullptr;
    }
    auto *const argument = aggregate->args == NIL
                               ? nullptr
                               : reinterpret_cast<Node *>(linitial_node(TargetEntry, aggregate->args)->expr);
    auto *const filter = reinterpret_cast<Node *>(aggregate->aggfilter);
    if (aggregate->aggdistinct != NIL || aggregate->aggorder != NIL || contain_mutable_functions(argument) ||
        contain_mutable_functions(filter) || is_unsafe(argument, nullptr) || is_unsafe(filter, nullptr)) {
        reason_ = "An aggregate is DISTINCT, or its argument may fail or is not immutable.";
        return nullptr;
    }
    if (argument != nullptr && type_is_rowtype(exprType(argument))) {
        reason_ = "It counts rows, of which one with a null in it is no null.";
        return nullptr;
    }
    const char *const where = filter == nullptr ? "true" : text_of(filter);
    if (argument == nullptr)
        return psprintf("(%s)::bigint",
                        sum_of(filter == nullptr
                                   ? "1::bigint"
                                   : psprintf("CASE WHEN (%s) THEN 1::bigint ELSE 0::bigint END", where)));
    const char *const value = text_of(argument);
    const char *const count = sum_of(
        psprintf("CASE WHEN (%s) AND (%s) IS NOT NULL THEN 1::bigint ELSE 0::bigint END", where, value));
    if (is_count)
        return psprintf("(%s)::bigint", count);
    const char *const sum = sum_of(
        psprintf("CASE WHEN (%s) THEN coalesce((%s)::bigint, 0::bigint) ELSE 0::bigint END", where, value));
    if (is_sum)
        return psprintf("CASE WHEN %s <> 0 THEN %s%s END", count, sum,
                        aggregate->aggtype == INT8OID ? "::bigint" : "");
    return psprintf("CASE WHEN %s <> 0 THEN %s / %s END", count, sum, count);
}

/// The number of the parameter that stands for a text.
int Reader::mark(const char *text) {
    marks_ = lappend(marks_, const_cast<char *>(text));
    return first_mark + list_length(marks_) - 1;
}

Node *Reader::replace(Node *node, void *context) {
    if (node == nullptr)
        return nullptr;
    auto &reader = *static_cast<Reader *>(context);
    const char *text = nullptr;
    for (int i = 0; i < list_length(reader.groups_); ++i)
        if (equal(node, list_nth(reader.groups_, i)))
            text = quote_identifier(static_cast<const char *>(list_nth(reader.group_names_, i)));
    if (text == nullptr && IsA(node, Aggref))
        text = reader.value_of(castNode(Aggref, node));
    if (text == nullptr)
        return reader.reason_ != nullptr
                   ? node
                   : expression_tree_mutator(
                         node, reinterpret_cast<Node *(*)()>(reinterpret_cast<void *>(replace)), context);
    Param *const parameter = makeNode(Param);
    parameter->paramkind = PARAM_EXTERN;
    parameter->paramid = reader.mark(text);
    parameter->paramtype = exprType(node);
    parameter->paramtypmod = exprTypmod(node);
    parameter->paramcollid = exprCollation(node);
    parameter->location = -1;
    return reinterpret_cast<Node *>(parameter);
}

/// A column of the query, as an expression over sums and the columns of the key.
const char *Reader::output_of(Node *expression) {
    if (strstr(text_of(expression), "$734") != nullptr)
        reason_ = "A column of it contains the text $734.";
    Node *const replaced = replace(expression, this);
    if (reason_ != nullptr)
        return nullptr;
    if (contain_var_clause(replaced) || contain_mutable_functions(replaced)) {
        reason_ = "A column of it is not immutable.";
        return nullptr;
    }
    const char *rest = deparse_expression(replaced, NIL, false, false);
    StringInfoData text;
    initStringInfo(&text);
    while (const char *const dollar = strchr(rest, '$')) {
        char *end = nullptr;
        long const number = strtol(dollar + 1, &end, 10);
        bool const is_mark = number >= first_mark && number < first_mark + list_length(marks_);
        appendBinaryStringInfo(&text, rest, static_cast<int>(dollar - rest));
        if (is_mark)
            appendStringInfo(
                &text, "(%s)",
                static_cast<const char *>(list_nth(marks_, static_cast<int>(number - first_mark))));
        else
            appendStringInfoChar(&text, '$');
        rest = is_mark ? end : dollar + 1;
    }
    appendStringInfoString(&text, rest);
    return text.data;
}

const char *Reader::read_outputs(Delta &delta) {
    sum_of("1::bigint"); // how many rows a key has: without any it is gone
    ListCell *cell = nullptr;
    foreach (cell, query_->targetList) {
        auto const *const entry = lfirst_node(TargetEntry, cell);
        if (entry->resjunk)
            return "It groups by what it does not return.";
        const char *const output = output_of(reinterpret_cast<Node *>(entry->expr));
        if (output == nullptr)
            return reason_;
        delta.outputs = lappend(delta.outputs, const_cast<char *>(output));
    }
    return static_cast<std::size_t>(list_length(deltas_)) <= core::most_sums ? nullptr
                                                                             : "It has too many aggregates.";
}

} // namespace

bool may_fail(Node *expression) {
    return is_unsafe(expression, nullptr);
}

Delta delta_of(Oid source, List *names) {
    Relation const view = table_open(source, AccessShareLock);
    auto *const query = static_cast<Query *>(copyObjectImpl(get_view_query(view)));
    table_close(view, AccessShareLock);
    return Reader(query, names).read();
}

} // namespace steward::summary
