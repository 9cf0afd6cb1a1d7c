// SHA-256 by the server's own means.
#pragma once

#include "extension/embed/copies.hpp"

extern "C" {
#include "common/cryptohash.h"
#include "common/sha2.h"
}

namespace steward::embed {

/// Plain C.
inline Hash hash_of(core::Bytes bytes) {
    Hash hash{};
    static_assert(sizeof hash == PG_SHA256_DIGEST_LENGTH);
    pg_cryptohash_ctx *const context = pg_cryptohash_create(PG_SHA256);
    bool const failed = pg_cryptohash_init(context) < 0 ||
                        pg_cryptohash_update(context, reinterpret_cast<const std::uint8_t *>(bytes.data()),
                                             bytes.size()) < 0 ||
                        pg_cryptohash_final(context, hash.data(), hash.size()) < 0;
    pg_cryptohash_free(context);
    if (failed)
        elog(ERROR, "could not compute a hash");
    return hash;
}

} // namespace steward::embed
