#include "core/stats/durations.hpp"

#include <gtest/gtest.h>

#include "test/oracle/random.hpp"

namespace steward::core {
namespace {

Durations some(oracle::Random &random) {
    Durations made;
    for (std::size_t left = random.below(20); left > 0; --left)
        made.observe(std::uint64_t{1} << random.below(40), random.below(1000));
    return made;
}

TEST(Durations, AreTheSameAfterPacking) {
    oracle::Random random(1);
    for (int i = 0; i < 2000; ++i) {
        Durations const made = some(random);
        std::string bytes;
        pack(made, bytes);
        std::optional<Durations> const read = unpack(bytes);
        ASSERT_TRUE(read);
        EXPECT_EQ(read->nanoseconds, made.nanoseconds);
        EXPECT_EQ(read->buckets, made.buckets);
    }
}

TEST(Durations, OfAMinuteTakeSomeTwentyBytes) {
    Durations minute;
    for (std::uint64_t duration = 100000; duration < 1000000; duration += 1000)
        minute.observe(duration, 10);
    std::string bytes;
    pack(minute, bytes);
    EXPECT_LE(bytes.size(), 32U);
}

TEST(Durations, AreAddedAsTheirObservations) {
    Durations first;
    Durations second;
    first.observe(1000, 2);
    second.observe(1000, 3);
    second.observe(5000, 1);
    first.add(second);
    EXPECT_EQ(first.count(), 6U);
    EXPECT_EQ(first.nanoseconds, 10000U);
    EXPECT_EQ(first.buckets[duration_bucket(1000)], 5U);
}

TEST(Durations, SinceAReset) {
    Durations before;
    before.observe(1000, 5);
    Durations now = before;
    now.observe(2000, 1);
    EXPECT_EQ(since(before, now).count(), 1U);
    EXPECT_EQ(since(before, now).nanoseconds, 2000U);
    Durations fresh;
    fresh.observe(3000, 1);
    EXPECT_EQ(since(before, fresh).count(), 1U);
    EXPECT_EQ(since(before, fresh).nanoseconds, 3000U);
}

TEST(Durations, OfStrangeBytesAreNone) {
    Durations made;
    made.observe(1000, 300);
    made.observe(UINT64_MAX / 1000, 7);
    std::string bytes;
    pack(made, bytes);
    for (std::size_t length = 0; length < bytes.size(); ++length) {
        std::optional<Durations> const read = unpack(std::string_view(bytes).substr(0, length));
        EXPECT_LT(read ? read->count() : 0, made.count())
            << "a part of it may be another one, but never more";
    }
    EXPECT_FALSE(unpack(""));
    EXPECT_FALSE(unpack("\2"));
    EXPECT_FALSE(unpack(std::string("\1\0\77\1\0\1", 6))); // past the last bucket
    EXPECT_FALSE(unpack(std::string("\1\0\100\1", 4)));
    EXPECT_FALSE(unpack(std::string(12, '\xFF')));
    oracle::Random random(2);
    for (int i = 0; i < 20000; ++i) {
        std::string strange = bytes;
        for (std::size_t left = 1 + random.below(4); left > 0; --left)
            strange[random.below(strange.size())] = static_cast<char>(random.below(256));
        static_cast<void>(unpack(strange)); // reads nothing that is not there
    }
}

} // namespace
} // namespace steward::core
