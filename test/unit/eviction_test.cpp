#include "core/cache/eviction.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <deque>
#include <map>
#include <random>
#include <set>
#include <vector>

namespace steward::core::cache {
namespace {

struct Cache {
    /// With `room` for more ghosts than there are no bucket is ever full.
    explicit Cache(std::size_t capacity, std::size_t room = 1)
        : nodes(capacity), slots(Ghosts::slots_for(room * capacity)), eviction(nodes, slots, capacity),
          keys(capacity) {}

    bool holds(std::uint32_t key) const { return places.contains(key); }
    /// Asks for a key, and puts it in if it is not there.
    bool use(std::uint32_t key) {
        if (auto const found = places.find(key); found != places.end()) {
            eviction.touch(found->second);
            return true;
        }
        Place place = 0;
        if (eviction.size() == eviction.capacity()) {
            place = eviction.evict();
            places.erase(keys[place]);
        } else {
            while (nodes[place].line != Line::none)
                ++place;
        }
        nodes[place].fingerprint = key;
        eviction.admit(place);
        places[key] = place;
        keys[place] = key;
        return false;
    }
    void drop(std::uint32_t key) {
        eviction.remove(places.at(key));
        places.erase(key);
    }

    std::vector<Node> nodes;
    std::vector<Ghosts::Slot> slots;
    Eviction eviction;
    std::vector<std::uint32_t> keys;
    std::map<std::uint32_t, Place> places;
};

TEST(Queue, GivesBackInOrderWhateverIsTakenOut) {
    std::vector<Node> nodes(5);
    Queue queue;
    for (Place place = 0; place < 5; ++place)
        queue.push(nodes, place);
    for (Place const place : {2U, 0U, 4U})
        queue.remove(nodes, place);
    queue.push(nodes, 0);
    std::vector<Place> order;
    while (queue.size() > 0) {
        order.push_back(queue.oldest());
        queue.remove(nodes, queue.oldest());
    }
    EXPECT_EQ(order, (std::vector<Place>{1, 3, 0}));
    EXPECT_EQ(queue.oldest(), nowhere);
}

TEST(Ghosts, RememberTheLastOnes) {
    std::vector<Ghosts::Slot> slots(Ghosts::slots_for(100));
    Ghosts ghosts(slots);
    ghosts.keep(100);
    for (std::uint32_t key = 1; key <= 1000; ++key)
        ghosts.add(key);
    int remembered = 0;
    for (std::uint32_t key = 1; key <= 900; ++key)
        EXPECT_FALSE(ghosts.take(key)) << key;
    for (std::uint32_t key = 901; key <= 1000; ++key)
        remembered += ghosts.take(key) ? 1 : 0;
    EXPECT_GE(remembered, 95) << "few buckets are too full for them";
    EXPECT_FALSE(ghosts.take(1000)) << "once taken it is forgotten";
}

TEST(Ghosts, KeepLessFromNowOn) {
    std::vector<Ghosts::Slot> slots(Ghosts::slots_for(100));
    Ghosts ghosts(slots);
    ghosts.keep(100);
    for (std::uint32_t key = 1; key <= 50; ++key)
        ghosts.add(key);
    ghosts.keep(10);
    EXPECT_FALSE(ghosts.take(40));
    EXPECT_TRUE(ghosts.take(41));
}

TEST(Eviction, WhatWasUsedTwiceOutlivesAScan) {
    Cache cache(100);
    for (int round = 0; round < 2; ++round)
        for (std::uint32_t key = 0; key < 50; ++key)
            cache.use(key);
    for (std::uint32_t key = 1000; key < 100000; ++key)
        cache.use(key);
    for (std::uint32_t key = 0; key < 50; ++key)
        EXPECT_TRUE(cache.holds(key)) << key;
}

TEST(Eviction, WhatComesBackSoonIsKept) {
    Cache cache(100);
    for (std::uint32_t key = 0; key < 150; ++key)
        cache.use(key);
    ASSERT_FALSE(cache.holds(0));
    cache.use(0); // remembered: it goes to the main line
    for (std::uint32_t key = 1000; key < 1100; ++key)
        cache.use(key);
    EXPECT_TRUE(cache.holds(0));
}

TEST(Eviction, DeletedEntriesLeaveTheirLine) {
    Cache cache(10);
    for (std::uint32_t key = 0; key < 10; ++key)
        cache.use(key);
    for (std::uint32_t const key : {3U, 0U, 9U})
        cache.drop(key);
    cache.eviction.remove(cache.places.at(5));
    cache.eviction.remove(cache.places.at(5)); // again: nothing
    EXPECT_EQ(cache.eviction.size(), 6U);
    std::set<Place> evicted;
    while (cache.eviction.size() > 0)
        EXPECT_TRUE(evicted.insert(cache.eviction.evict()).second) << "twice";
    EXPECT_EQ(evicted.size(), 6U);
}

/// The same rules with the plainest means: the newest at the front, no fingerprints, a list of ghosts.
class Model {
  public:
    explicit Model(std::size_t capacity) : capacity_(capacity) {}

    void set_small(std::size_t most) { most_small_ = most; }
    bool use(std::uint32_t key) {
        if (auto const found = uses_.find(key); found != uses_.end()) {
            found->second = std::min(found->second + 1, 3);
            return true;
        }
        if (uses_.size() == capacity_)
            evict();
        auto const ghost = std::find(ghosts_.begin(), ghosts_.end(), key);
        bool const is_known = ghost != ghosts_.end() && ghost - ghosts_.begin() < most_main();
        if (ghost != ghosts_.end())
            *ghost = UINT32_MAX; // its place counts all the same
        (is_known ? main_ : small_).push_front(key);
        uses_[key] = 0;
        return false;
    }

  private:
    std::ptrdiff_t most_main() const { return static_cast<std::ptrdiff_t>(capacity_ - most_small_); }
    void evict() {
        while (!small_.empty() && (small_.size() >= most_small_ || main_.empty())) {
            std::uint32_t const key = small_.back();
            small_.pop_back();
            if (uses_[key] == 0) {
                ghosts_.push_front(key);
                uses_.erase(key);
                return;
            }
            uses_[key] = 0;
            main_.push_front(key);
            if (static_cast<std::ptrdiff_t>(main_.size()) > most_main())
                break;
        }
        while (uses_[main_.back()] > 0) {
            --uses_[main_.back()];
            main_.push_front(main_.back());
            main_.pop_back();
        }
        uses_.erase(main_.back());
        main_.pop_back();
    }

    std::size_t capacity_;
    std::size_t most_small_ = 1;
    std::map<std::uint32_t, int> uses_;
    std::deque<std::uint32_t> small_, main_, ghosts_;
};

TEST(Eviction, DoesWhatThePaperSays) {
    std::mt19937 random(1);
    for (std::size_t const capacity : {2U, 3U, 20U}) {
        Cache cache(capacity, 20);
        Model model(capacity);
        model.set_small(std::max<std::size_t>(1, capacity / 10));
        std::geometric_distribution<std::uint32_t> keys(1.0 / static_cast<double>(2 * capacity));
        for (int i = 0; i < 20000; ++i) {
            if (i % 5000 == 4999) {
                double const share = i % 10000 == 9999 ? 0.1 : 0.5;
                cache.eviction.set_small_share(share);
                model.set_small(std::max<std::size_t>(
                    1, static_cast<std::size_t>(static_cast<double>(capacity) * share)));
            }
            std::uint32_t const key = keys(random);
            ASSERT_EQ(cache.use(key), model.use(key)) << "capacity " << capacity << ", access " << i;
        }
    }
}

} // namespace
} // namespace steward::core::cache
