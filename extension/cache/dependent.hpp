// Values that are computed from tables: found only where nothing has changed since.
#pragma once

#include "extension/cache/transaction.hpp"

namespace steward::cache {

/// As look_up() and peek(), uncounted. The namespace is held.
Looked look_up_dependent(const Namespace &space, const EntryKey &key, bool copy, bool &was_refused);

/// Publishes an item with this transaction, whose stamps were taken just now. False if it could be a value of
/// before a change that others can see by now.
bool store_dependent(const Namespace &space, const EntryKey &key, const core::Item &item,
                     const Stamps &stamps);

/// Removes what is under a key when the transaction commits. True if there was something for this one.
bool remove_dependent(const Namespace &space, const EntryKey &key);

/// Whether dependent values mean anything here: a standby does not hear of changes, and what is read from the
/// cache is not seen by the checks of SERIALIZABLE.
bool may_use_dependent() noexcept;

} // namespace steward::cache
