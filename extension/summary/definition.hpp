// A summary, as tables steward.summary and steward.summary_state say.
#pragma once

#include "extension/summary/analysis.hpp"

extern "C" {
#include "datatype/timestamp.h"
}

namespace steward::summary {

/// Plain data, in the memory context of whoever asked.
struct Summary {
    char *name;
    Oid owner;
    Oid source;    ///< the view that is the query
    Oid stored;    ///< the table of its rows
    Oid changes;   ///< the table of keys that have changed
    List *key;     ///< of KeyColumn
    Oid timers;    ///< the table of keys that change by the clock alone, or InvalidOid
    Oid states;    ///< the view of the sums of each key, where changes are added up
    List *outputs; ///< what the columns of the query are, computed from the sums; texts
    bool is_full_only;
    bool is_deaf; ///< and it reads what no change is heard of
    bool is_paused;
    bool is_scheduled;
    char *expires;            ///< an expression over the columns of the query, or null
    List *settings;           ///< of texts "name=value"
    char *rebuild;            ///< why all is to be computed, or null
    TimestampTz refreshed_at; ///< the end of the last refresh
    double key_us;            ///< what a key costs; 0 if that is not known
    double full_us;
};

/// The summary of that name. Without a schema it is that of any, whatever the search_path is: the worker
/// has another one than whoever wrote the name. Raises 42704 if there is none, 42P09 if there are several,
/// and 55000 for want of the migration. Its key can not be read where its table is gone.
Summary find_summary(const text *name, bool with_key = true);

/// Whether changes are added up.
inline bool is_added_up(const Summary &summary) noexcept {
    return OidIsValid(summary.states);
}

/// Whether its table of changes is as it was made: an ordinary one of its owner's that ends with the time.
bool is_sound(const Summary &summary);
/// Raises 55000 if it is not.
void require_sound(const Summary &summary);

/// Raises 42501 unless the caller is a member of the owner, or the worker.
void require_right(const Summary &summary);

/// Raises 42501 unless the caller is a member of the owner.
void require_owner(const Summary &summary);

/// The identity and the settings under which the query of a summary is run: those of its owner, who is
/// restricted as a function of an index is.
class AsOwner {
  public:
    explicit AsOwner(const Summary &summary);
    /// An error gives both back without it.
    void end() const;

  private:
    Oid role_ = InvalidOid;
    int context_ = 0;
    int settings_ = 0;
};

} // namespace steward::summary
