// Caches that share one memory: how many requests of real traces they answer, with the memory balanced
// between them and with an even share for each.
//
// Usage: cache_balance KILOBYTES FILE ... : files of keys of 4 bytes; gives requests, hits by even shares,
// hits as shipped.
#include <fstream>
#include <iostream>
#include <iterator>
#include <optional>
#include <string>
#include <vector>

#include "core/cache/store.hpp"

namespace {

using namespace steward::core::cache;

/// Nobody else is there.
class NoLocks final : public Locks {
  public:
    void lock_pool(std::size_t) noexcept override {}
    bool try_lock_pool(std::size_t) noexcept override { return true; }
    void unlock_pool(std::size_t) noexcept override {}
    void lock_index(std::size_t, bool) noexcept override {}
    void unlock_index(std::size_t) noexcept override {}
    void lock_arena() noexcept override {}
    void unlock_arena() noexcept override {}
    void loses(const Entries &, Place) noexcept override {}
};

struct alignas(64) Line {
    std::byte bytes[64];
};

class Caches {
  public:
    Caches(std::size_t kilobytes, std::size_t count, bool has_even_shares)
        : memory_(kilobytes * 1024 / sizeof(Line)) {
        auto const bytes = std::as_writable_bytes(std::span(memory_));
        Store::format(bytes, count);
        store_.emplace(bytes, locks_);
        std::uint64_t const share = store_->total_bytes() * 9 / 10 / count; // the policies need some
        for (std::size_t pool = 0; pool < count; ++pool)
            store_->open(pool, {20'000, has_even_shares ? share : UINT64_MAX}, 0);
    }

    /// Whether a value of 1 kB was there under the key; it is there afterwards.
    bool ask(std::uint16_t pool, std::uint32_t key) {
        Key const of_store{spread(key + (std::uint64_t{pool} << 32)), std::as_bytes(std::span(&key, 1))};
        auto const found = store_->get(
            pool, of_store, 0, [](const Entries &, Place) { return true; },
            [this](std::size_t) { return read_.data(); });
        if (found.hit == Hit::none)
            store_->put({of_store, {}, value_, {never, 1, store_->pool(pool).generation()}, pool, 1});
        return found.hit != Hit::none;
    }

  private:
    static std::uint64_t spread(std::uint64_t x) {
        x = (x ^ x >> 30) * 0xbf58476d1ce4e5b9; // splitmix64
        x = (x ^ x >> 27) * 0x94d049bb133111eb;
        return x ^ x >> 31;
    }

    std::vector<Line> memory_;
    NoLocks locks_;
    std::optional<Store> store_;
    std::vector<std::byte> value_ = std::vector<std::byte>(1000);
    std::vector<std::byte> read_ = std::vector<std::byte>(1000);
};

using Trace = std::vector<std::uint32_t>;

Trace read(const char *name) {
    std::ifstream file(name, std::ios::binary);
    std::string const bytes(std::istreambuf_iterator<char>(file), {});
    Trace trace(bytes.size() / sizeof(std::uint32_t));
    std::copy_n(bytes.data(), trace.size() * sizeof(std::uint32_t), reinterpret_cast<char *>(trace.data()));
    return trace;
}

/// Each trace is spread over the same time.
std::size_t hits_of(const std::vector<Trace> &traces, std::size_t kilobytes, bool has_even_shares) {
    Caches caches(kilobytes, traces.size(), has_even_shares);
    std::size_t longest = 0;
    for (const Trace &trace : traces)
        longest = std::max(longest, trace.size());
    std::vector<std::size_t> next(traces.size());
    std::size_t hits = 0;
    for (std::size_t time = 1; time <= longest; ++time)
        for (std::size_t i = 0; i < traces.size(); ++i)
            for (; next[i] < time * traces[i].size() / longest; ++next[i])
                hits += caches.ask(static_cast<std::uint16_t>(i), traces[i][next[i]]) ? 1 : 0;
    return hits;
}

} // namespace

int main(int count, char **arguments) {
    std::vector<Trace> traces;
    std::size_t requests = 0;
    for (int i = 2; i < count; ++i)
        requests += traces.emplace_back(read(arguments[i])).size();
    std::size_t const kilobytes = std::stoul(arguments[1]);
    std::cout << requests << ' ' << hits_of(traces, kilobytes, true) << ' '
              << hits_of(traces, kilobytes, false) << '\n';
}
