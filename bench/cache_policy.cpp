// Hits of a trace of keys in caches of several sizes: the shipped policy, LRU, and OPT, which knows the
// future. Usage: cache_policy SEED SIZE ... <TRACE, a file of 4-byte keys. Prints a row a size: size,
// requests, hits of LRU, of ours, of OPT.
#include <cstdio>
#include <cstdlib>
#include <iostream>
#include <iterator>
#include <list>
#include <memory>
#include <set>
#include <string>
#include <unordered_map>
#include <vector>

#include "core/cache/eviction.hpp"
#include "core/cache/tuner.hpp"

namespace {

using namespace steward::core::cache;

/// Keys are numbers from 0, in the order in which they come first.
struct Trace {
    std::vector<std::uint32_t> keys;
    std::size_t distinct = 0;
};

Trace read_trace() {
    std::string const bytes((std::istreambuf_iterator<char>(std::cin)), {});
    std::unordered_map<std::string, std::uint32_t> numbers;
    Trace trace;
    for (std::size_t i = 0; i + 4 <= bytes.size(); i += 4)
        trace.keys.push_back(numbers.try_emplace(bytes.substr(i, 4), numbers.size()).first->second);
    trace.distinct = numbers.size();
    return trace;
}

/// As keys are hashed: all 64 bits depend on the key and on the seed (SplitMix64).
std::uint64_t hash_of(std::uint32_t key, std::uint64_t seed) {
    std::uint64_t x = key + (seed + 1) * 0x9e3779b97f4a7c15;
    x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9;
    x = (x ^ (x >> 27)) * 0x94d049bb133111eb;
    return x ^ (x >> 31);
}

std::size_t hits_of_lru(Trace const &trace, std::size_t size) {
    std::list<std::uint32_t> order;
    std::vector<std::list<std::uint32_t>::iterator> places(trace.distinct, order.end());
    std::size_t hits = 0;
    for (std::uint32_t const key : trace.keys) {
        if (places[key] != order.end()) {
            ++hits;
            order.erase(places[key]);
        } else if (order.size() == size) {
            places[order.back()] = order.end();
            order.pop_back();
        }
        order.push_front(key);
        places[key] = order.begin();
    }
    return hits;
}

/// Belady: what is needed again last goes first; what came just now may be the one.
std::size_t hits_of_opt(Trace const &trace, std::size_t size) {
    std::size_t const count = trace.keys.size();
    std::vector<std::size_t> next(count);
    std::vector<std::size_t> later(trace.distinct, count);
    for (std::size_t i = count; i-- > 0;) {
        next[i] = later[trace.keys[i]];
        later[trace.keys[i]] = i;
    }
    std::set<std::pair<std::size_t, std::uint32_t>> held;
    std::vector<std::size_t> needed(trace.distinct, 0); // 0: not held
    std::size_t hits = 0;
    for (std::size_t i = 0; i < count; ++i) {
        std::uint32_t const key = trace.keys[i];
        if (needed[key] != 0) {
            ++hits;
            held.erase({needed[key], key});
        }
        held.insert({next[i], key});
        needed[key] = next[i];
        if (held.size() > size) {
            needed[held.rbegin()->second] = 0;
            held.erase(std::prev(held.end()));
        }
    }
    return hits;
}

/// The memory of a directory, which a cache has in one piece.
struct Keys {
    explicit Keys(std::size_t capacity)
        : nodes(Tuner::keys_for(capacity)), slots(Ghosts::slots_for(nodes.size())),
          heads(Tuner::heads_for(capacity)), chains(nodes.size()) {}
    Directory::Memory memory() { return {nodes, slots, heads, chains}; }

    std::vector<Node> nodes;
    std::vector<Ghosts::Slot> slots;
    std::vector<Place> heads;
    std::vector<Place> chains;
};

std::size_t hits_of_ours(Trace const &trace, std::size_t size, std::uint64_t seed) {
    std::vector<Node> nodes(size);
    std::vector<Ghosts::Slot> slots(Ghosts::slots_for(size));
    Eviction eviction(nodes, slots, size);
    Keys narrow(size);
    Keys wide(size);
    Tuner tuner({narrow.memory(), wide.memory()}, size);
    std::vector<Place> places(trace.distinct, nowhere);
    std::vector<std::uint32_t> keys(size);
    std::size_t hits = 0;
    for (std::uint32_t const key : trace.keys) {
        std::uint64_t const hash = hash_of(key, seed);
        if (places[key] != nowhere) {
            ++hits;
            eviction.touch(places[key]);
        } else {
            Place place = static_cast<Place>(eviction.size());
            if (eviction.size() == size) {
                place = eviction.evict();
                places[keys[place]] = nowhere;
            }
            nodes[place].fingerprint = static_cast<std::uint32_t>(hash);
            eviction.admit(place);
            places[key] = place;
            keys[place] = key;
        }
        if (tuner.wants(hash))
            if (auto const share = tuner.observe(hash))
                eviction.set_small_share(*share);
    }
    return hits;
}

} // namespace

int main(int count, char **arguments) {
    Trace const trace = read_trace();
    std::uint64_t const seed = std::strtoull(arguments[1], nullptr, 10);
    for (int i = 2; i < count; ++i) {
        std::size_t const size = std::strtoull(arguments[i], nullptr, 10);
        if (static_cast<double>(size) <
            0.7 * static_cast<double>(trace.distinct)) // nearly all of it is no test
            std::printf("%zu %zu %zu %zu %zu\n", size, trace.keys.size(), hits_of_lru(trace, size),
                        hits_of_ours(trace, size, seed), hits_of_opt(trace, size));
    }
}
