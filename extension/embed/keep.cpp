// The trigger that keeps a column of vectors in step with one of texts. To embed a text takes less time than
// to enqueue a job for it, so that rows are never found under what they said before.
#include "extension/boundary.hpp"

#include "extension/embed/embed.hpp"
#include "extension/text.hpp"

extern "C" {
#include "commands/trigger.h"
#include "executor/spi.h"
#include "utils/datum.h"
#include "utils/rel.h"
}

namespace steward::embed {

namespace {

/// A column of a row. Plain data.
struct Value {
    Datum datum;
    bool is_null;
};

Value value_of(HeapTuple row, TupleDesc columns, int number) {
    Value value{};
    value.datum = heap_getattr(row, number, columns, &value.is_null);
    return value;
}

bool is_same(const Value &a, const Value &b) {
    return a.is_null == b.is_null && (a.is_null || datum_image_eq(a.datum, b.datum, false, -1));
}

int column_number(TupleDesc columns, const char *name) {
    int const number = SPI_fnumber(columns, name);
    if (number <= 0)
        ereport(ERROR, errcode(ERRCODE_UNDEFINED_COLUMN), errmsg("column \"%s\" does not exist", name),
                errhint("Call steward.embedding_drop() and steward.embedding_create()."));
    return number;
}

/// Models are read with the rights of the table's owner, who has chosen the model: whoever writes rows need
/// not know of it. An error gives the writer's identity back.
ArrayType *embed_as_owner(Relation table, std::string_view content, std::string_view model) {
    Oid role = InvalidOid;
    int context = 0;
    GetUserIdAndSecContext(&role, &context);
    SetUserIdAndSecContext(table->rd_rel->relowner, context | SECURITY_LOCAL_USERID_CHANGE);
    ArrayType *const vector = embed(content, model, database_encoding());
    SetUserIdAndSecContext(role, context);
    return vector;
}

} // namespace

/// Row trigger (text column, vector column, model), before INSERT and UPDATE.
STEWARD_FUNCTION_UNMEASURED(steward_embedding_keep) {
    auto const *const trigger = reinterpret_cast<TriggerData *>(fcinfo->context);
    if (!CALLED_AS_TRIGGER(fcinfo) || !TRIGGER_FIRED_BEFORE(trigger->tg_event) ||
        !TRIGGER_FIRED_FOR_ROW(trigger->tg_event) || TRIGGER_FIRED_BY_DELETE(trigger->tg_event) ||
        trigger->tg_trigger->tgnargs != 3)
        ereport(ERROR, errcode(ERRCODE_E_R_I_E_TRIGGER_PROTOCOL_VIOLATED),
                errmsg("embedding_keep must be called as a trigger of a row, made by embedding_create"));
    bool const is_update = TRIGGER_FIRED_BY_UPDATE(trigger->tg_event);
    HeapTuple const row = is_update ? trigger->tg_newtuple : trigger->tg_trigtuple;
    TupleDesc const columns = RelationGetDescr(trigger->tg_relation);
    int const text_column = column_number(columns, trigger->tg_trigger->tgargs[0]);
    int vector_column = column_number(columns, trigger->tg_trigger->tgargs[1]);
    Value const content = value_of(row, columns, text_column);
    Value const vector = value_of(row, columns, vector_column);
    if (is_update && !vector.is_null &&
        is_same(content, value_of(trigger->tg_trigtuple, columns, text_column)) &&
        is_same(vector, value_of(trigger->tg_trigtuple, columns, vector_column)))
        return PointerGetDatum(row);
    ArrayType *fresh = nullptr;
    if (!content.is_null)
        fresh = embed_as_owner(trigger->tg_relation, view(DatumGetTextPP(content.datum)),
                               trigger->tg_trigger->tgargs[2]);
    Datum value = PointerGetDatum(fresh);
    bool is_null = fresh == nullptr;
    return PointerGetDatum(heap_modify_tuple_by_cols(row, columns, 1, &vector_column, &value, &is_null));
}

} // namespace steward::embed
