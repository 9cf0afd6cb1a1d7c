// The planner carries `column = key` to every relation where that leaves the result as it is: through
// equivalences of columns, outer joins, DISTINCT, GROUP BY, windows and unions. A relation of which the plan
// drops all rows but those is one whose rows belong to one key each, and no theory of our own has to say so.
#include "extension/summary/analysis.hpp"
#include "extension/summary/delta.hpp"

extern "C" {
#include "catalog/pg_class.h"
#include "catalog/pg_type.h"
#include "nodes/nodeFuncs.h"
#include "nodes/parsenodes.h"
#include "optimizer/clauses.h"
#include "optimizer/optimizer.h"
#include "optimizer/tlist.h"
#include "parser/parse_coerce.h"
#include "parser/parsetree.h"
#include "rewrite/rewriteManip.h"
#include "utils/lsyscache.h"
#include "utils/ruleutils.h"
}

namespace steward::summary {

namespace {

/// A relation in the range table of a plan. Plain data.
struct Scan {
    bool is_there; ///< the plan reads it
    bool is_sample;
    Expr **keys;        ///< for each column of the key what equals it, or null
    const char *reason; ///< for want of one
};

/// A plan of the rows of one key.
class Plans {
  public:
    Plans(PlannedStmt *statement, List *keys)
        : statement_(statement), keys_(keys), width_(list_length(keys)),
          scans_(static_cast<Scan *>(palloc0(sizeof(Scan) * (list_length(statement->rtable) + 1)))),
          of_parameter_(
              static_cast<int *>(palloc0(sizeof(int) * (list_length(statement->paramExecTypes) + 1)))) {
        for (int i = 1; i <= list_length(statement->rtable); ++i)
            scans_[i].keys = static_cast<Expr **>(palloc0(sizeof(Expr *) * width_));
        // What is found out about a parameter may say more about plans that were looked at before.
        do {
            has_learnt_ = false;
            visit(statement_->planTree);
            ListCell *cell = nullptr;
            foreach (cell, statement_->subplans)
                visit(static_cast<Plan *>(lfirst(cell)));
        } while (has_learnt_);
    }
    const Scan &scan(int place) const { return scans_[place]; }
    List *children(int place) const;

  private:
    void visit(Plan *plan);
    void visit_scan(Plan *plan, Index place);
    void visit_subplans(Plan *plan, Node *expression);
    void visit_all(List *plans);
    void look_at_condition(Index place, Expr *condition);
    void learn(int parameter, int key);
    int key_of(Plan *plan, Node *expression) const;
    int key_of_output(Plan *plan, AttrNumber column) const;
    static bool look_for_subplans(Node *node, void *context);

    PlannedStmt *statement_;
    List *keys_;
    int width_;
    Scan *scans_;
    int *of_parameter_; ///< which column of the key a parameter of the executor equals; 0 is none
    bool has_learnt_ = false;
};

Node *without_relabel(Node *node) {
    while (IsA(node, RelabelType))
        node = reinterpret_cast<Node *>(castNode(RelabelType, node)->arg);
    return node;
}

bool is_equality(Oid operator_id) {
    ListCell *cell = nullptr;
    foreach (cell, get_op_btree_interpretation(operator_id))
        if (static_cast<OpBtreeInterpretation *>(lfirst(cell))->strategy == BTEqualStrategyNumber)
            return true;
    return false;
}

bool is_integer(Oid type) {
    return type == INT2OID || type == INT4OID || type == INT8OID;
}

/// Whether each value of one type is one of the other, so that no writer meets an error.
bool widens(Oid from, Oid to) {
    return from == to || IsBinaryCoercible(from, to) ||
           (is_integer(from) && is_integer(to) && get_typlen(from) <= get_typlen(to));
}

bool has_parameter(Node *node, void *) {
    return node != nullptr &&
           (IsA(node, Param) ||
            expression_tree_walker(
                node, reinterpret_cast<bool (*)()>(reinterpret_cast<void *>(has_parameter)), nullptr));
}

/// Whether an expression says the same of a row in every session.
bool is_of_row_alone(Node *expression, Index place) {
    Relids const places = pull_varnos(nullptr, expression);
    return bms_equal(places, bms_make_singleton(static_cast<int>(place))) &&
           !has_parameter(expression, nullptr) && !contain_subplans(expression) &&
           !contain_mutable_functions(expression) &&
           !(IsA(expression, Var) && castNode(Var, expression)->varattno <= 0);
}

void Plans::learn(int parameter, int key) {
    if (key == 0 || of_parameter_[parameter] != 0)
        return;
    of_parameter_[parameter] = key;
    has_learnt_ = true;
}

/// \return the column of the key that the column of a plan's rows equals, from 1; or 0
int Plans::key_of_output(Plan *plan, AttrNumber column) const {
    List *const children = IsA(plan, Append)        ? reinterpret_cast<Append *>(plan)->appendplans
                           : IsA(plan, MergeAppend) ? reinterpret_cast<MergeAppend *>(plan)->mergeplans
                                                    : NIL;
    if (children != NIL) {
        int const first = key_of_output(static_cast<Plan *>(linitial(children)), column);
        ListCell *cell = nullptr;
        foreach (cell, children)
            if (key_of_output(static_cast<Plan *>(lfirst(cell)), column) != first)
                return 0;
        return first;
    }
    TargetEntry const *const target = get_tle_by_resno(plan->targetlist, column);
    return target == nullptr ? 0 : key_of(plan, reinterpret_cast<Node *>(target->expr));
}

/// The same for an expression over the rows that a plan gets.
int Plans::key_of(Plan *plan, Node *expression) const {
    expression = without_relabel(expression);
    if (IsA(expression, Param)) {
        auto const *const parameter = castNode(Param, expression);
        return parameter->paramkind == PARAM_EXTERN ? parameter->paramid
               : parameter->paramkind == PARAM_EXEC ? of_parameter_[parameter->paramid]
                                                    : 0;
    }
    if (!IsA(expression, Var))
        return 0;
    auto const *const var = castNode(Var, expression);
    if (var->varno == OUTER_VAR || var->varno == INNER_VAR) {
        Plan *const child = var->varno == OUTER_VAR ? outerPlan(plan) : innerPlan(plan);
        return child == nullptr ? 0 : key_of_output(child, var->varattno);
    }
    if (IsA(plan, SubqueryScan))
        return key_of_output(reinterpret_cast<SubqueryScan *>(plan)->subplan, var->varattno);
    if (var->varno <= 0 || var->varno > list_length(statement_->rtable))
        return 0;
    for (int i = 0; i < width_; ++i) {
        Expr *const key = scans_[var->varno].keys[i];
        if (key != nullptr && equal(without_relabel(reinterpret_cast<Node *>(key)), var))
            return i + 1;
    }
    return 0;
}

/// `expression = key`, of a relation.
void Plans::look_at_condition(Index place, Expr *condition) {
    if (!IsA(condition, OpExpr) || list_length(castNode(OpExpr, condition)->args) != 2 ||
        !is_equality(castNode(OpExpr, condition)->opno))
        return;
    List *const sides = castNode(OpExpr, condition)->args;
    Scan &scan = scans_[place];
    for (int side = 0; side < 2; ++side) {
        Node *const parameter = without_relabel(static_cast<Node *>(list_nth(sides, side)));
        auto *const expression = static_cast<Node *>(list_nth(sides, 1 - side));
        int const key = IsA(parameter, Param) ? key_of(nullptr, parameter) : 0;
        if (key == 0 || !is_of_row_alone(expression, place))
            continue;
        Oid const wanted = static_cast<const KeyColumn *>(list_nth(keys_, key - 1))->type;
        if (!widens(exprType(expression), wanted)) {
            scan.reason = psprintf("A key of type %s is compared with %s.", format_type_be(wanted),
                                   format_type_be(exprType(expression)));
            continue;
        }
        Expr *&known = scan.keys[key - 1];
        if (!IsA(without_relabel(expression), Var) && may_fail(expression)) {
            scan.reason = "The expression of its key may fail, which would stop whoever writes a row.";
            continue;
        }
        if (known == nullptr || (!IsA(without_relabel(reinterpret_cast<Node *>(known)), Var) &&
                                 IsA(without_relabel(expression), Var))) {
            has_learnt_ = true;
            known = reinterpret_cast<Expr *>(expression);
        }
    }
}

void Plans::visit_scan(Plan *plan, Index place) {
    if (rt_fetch(place, statement_->rtable)->rtekind != RTE_RELATION)
        return;
    scans_[place].is_there = true;
    scans_[place].is_sample = scans_[place].is_sample || IsA(plan, SampleScan);
    ListCell *cell = nullptr;
    foreach (cell, plan->qual)
        look_at_condition(place, static_cast<Expr *>(lfirst(cell)));
}

/// What a sub-select gets of the rows around it.
struct SubplanContext {
    Plans *plans;
    Plan *plan;
};

bool Plans::look_for_subplans(Node *node, void *context) {
    if (node == nullptr)
        return false;
    auto const *const found = static_cast<SubplanContext *>(context);
    if (IsA(node, SubPlan)) {
        auto const *const subplan = castNode(SubPlan, node);
        ListCell *parameter = nullptr;
        ListCell *argument = nullptr;
        forboth(parameter, subplan->parParam, argument, subplan->args) found->plans->learn(
            lfirst_int(parameter), found->plans->key_of(found->plan, static_cast<Node *>(lfirst(argument))));
    }
    return expression_tree_walker(
        node, reinterpret_cast<bool (*)()>(reinterpret_cast<void *>(&Plans::look_for_subplans)), context);
}

void Plans::visit_subplans(Plan *plan, Node *expression) {
    SubplanContext context{this, plan};
    look_for_subplans(expression, &context);
}

void Plans::visit_all(List *plans) {
    ListCell *cell = nullptr;
    foreach (cell, plans)
        visit(static_cast<Plan *>(lfirst(cell)));
}

void Plans::visit(Plan *plan) {
    if (plan == nullptr)
        return;
    check_stack_depth();
    check_interrupts();
    switch (nodeTag(plan)) {
    case T_SeqScan:
    case T_SampleScan:
    case T_IndexScan:
    case T_IndexOnlyScan:
    case T_BitmapHeapScan:
    case T_TidScan:
    case T_TidRangeScan:
    case T_ForeignScan:
        visit_scan(plan, reinterpret_cast<::Scan *>(plan)->scanrelid);
        break;
    case T_SubqueryScan:
        visit(reinterpret_cast<SubqueryScan *>(plan)->subplan);
        break;
    case T_Append:
        visit_all(reinterpret_cast<Append *>(plan)->appendplans);
        break;
    case T_MergeAppend:
        visit_all(reinterpret_cast<MergeAppend *>(plan)->mergeplans);
        break;
    case T_NestLoop: {
        ListCell *cell = nullptr;
        foreach (cell, reinterpret_cast<NestLoop *>(plan)->nestParams) {
            auto const *const given = static_cast<NestLoopParam *>(lfirst(cell));
            learn(given->paramno, key_of(plan, reinterpret_cast<Node *>(given->paramval)));
        }
        visit_subplans(plan, reinterpret_cast<Node *>(reinterpret_cast<Join *>(plan)->joinqual));
        break;
    }
    case T_HashJoin:
    case T_MergeJoin:
        visit_subplans(plan, reinterpret_cast<Node *>(reinterpret_cast<Join *>(plan)->joinqual));
        break;
    default:
        break;
    }
    visit_subplans(plan, reinterpret_cast<Node *>(plan->targetlist));
    visit_subplans(plan, reinterpret_cast<Node *>(plan->qual));
    visit(outerPlan(plan));
    visit(innerPlan(plan));
}

/// The partitions of a relation that stand for it in the plan; itself if there are none.
List *Plans::children(int place) const {
    List *found = NIL;
    List *parents = list_make1_int(place);
    for (int i = 0; i < list_length(parents); ++i) { // a partition may have partitions
        int const parent = list_nth_int(parents, i);
        ListCell *cell = nullptr;
        foreach (cell, statement_->appendRelations) {
            auto const *const append = static_cast<AppendRelInfo *>(lfirst(cell));
            if (static_cast<int>(append->parent_relid) == parent && OidIsValid(append->parent_reloid))
                parents = lappend_int(parents, static_cast<int>(append->child_relid));
        }
        if (scans_[parent].is_there)
            found = lappend_int(found, parent);
    }
    return found;
}

/// The text of an expression over a relation, as a value of the type of the key.
char *text_of(Expr *expression, int place, Oid relation, Oid type) {
    auto *copy = static_cast<Node *>(copyObjectImpl(expression));
    if (exprType(without_relabel(copy)) == type)
        copy = without_relabel(copy);
    ChangeVarNodes(copy, place, 1, 0);
    List *const context = deparse_context_for(get_rel_name(relation), relation);
    char *const text = deparse_expression(copy, context, false, false);
    return exprType(copy) == type ? text : psprintf("(%s)::%s", text, format_type_be_qualified(type));
}

/// Takes over what the plan says of a relation in one of its places, or says why it can not.
void describe(const Plans &plans, PlannedStmt *statement, int place, List *keys, Use &use) {
    List *const parts = plans.children(place);
    if (parts == NIL) {
        use.reason = "The plan does not read it, which may change.";
        return;
    }
    use.keys = static_cast<char **>(palloc0(sizeof(char *) * list_length(keys)));
    ListCell *cell = nullptr;
    foreach (cell, parts) {
        int const part = lfirst_int(cell);
        const Scan &scan = plans.scan(part);
        Oid const relation = rt_fetch(part, statement->rtable)->relid;
        for (int i = 0; i < list_length(keys) && use.reason == nullptr; ++i) {
            auto const *const key = static_cast<const KeyColumn *>(list_nth(keys, i));
            if (scan.is_sample || scan.keys[i] == nullptr) {
                use.reason = scan.reason != nullptr
                                 ? scan.reason
                                 : psprintf("Its rows are read whatever \"%s\" is.", key->name);
                continue;
            }
            char *const text = text_of(scan.keys[i], part, relation, key->type);
            if (use.keys[i] == nullptr)
                use.keys[i] = text;
            else if (strcmp(use.keys[i], text) != 0)
                use.reason = "Its partitions are read in different ways.";
        }
    }
}

} // namespace

List *uses_in(PlannedStmt *statement, List *keys) {
    Plans const plans(statement, keys);
    Bitmapset *parts = nullptr;
    ListCell *cell = nullptr;
    foreach (cell, statement->appendRelations) {
        auto const *const append = static_cast<AppendRelInfo *>(lfirst(cell));
        if (OidIsValid(append->parent_reloid))
            parts = bms_add_member(parts, static_cast<int>(append->child_relid));
    }
    List *uses = NIL;
    for (int place = 1; place <= list_length(statement->rtable); ++place) {
        RangeTblEntry const *const entry = rt_fetch(place, statement->rtable);
        if (entry->rtekind != RTE_RELATION || entry->relkind == RELKIND_VIEW || bms_is_member(place, parts))
            continue;
        auto *const use = static_cast<Use *>(palloc0(sizeof(Use)));
        use->relation = entry->relid;
        use->columns = entry->selectedCols;
        describe(plans, statement, place, keys, *use);
        uses = lappend(uses, use);
    }
    return uses;
}

} // namespace steward::summary
