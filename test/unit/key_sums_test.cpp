// The keys that a transaction has changed, and by how much.
#include "core/summary/key_sums.hpp"

#include <gtest/gtest.h>

#include <map>
#include <random>
#include <set>
#include <string>
#include <utility>

namespace steward::core {
namespace {

std::span<const std::byte> bytes(const std::string &text) {
    return std::as_bytes(std::span(text));
}

TEST(KeySums, KeepsEachKeyOfAGroupOnceInTheOrderOfArrival) {
    KeySums set(std::pmr::new_delete_resource());
    EXPECT_TRUE(set.add(1, bytes("b")));
    EXPECT_TRUE(set.add(1, bytes("a")));
    EXPECT_FALSE(set.add(1, bytes("b")));
    EXPECT_TRUE(set.add(2, bytes("b")));
    EXPECT_TRUE(set.add(2, bytes("")));
    EXPECT_FALSE(set.add(2, bytes("")));
    std::string seen;
    set.each([&](std::uint32_t group, std::span<const std::byte> key, std::span<const Sum>) {
        seen +=
            std::to_string(group) + std::string(reinterpret_cast<const char *>(key.data()), key.size()) + " ";
    });
    EXPECT_EQ(seen, "1b 1a 2b 2 ");
    EXPECT_EQ(set.size(), 4U);
}

TEST(KeySums, IsASetOfWhateverLengthsAndGroups) {
    std::mt19937 random(5); // NOLINT(cert-msc51-cpp)
    KeySums set(std::pmr::new_delete_resource());
    std::set<std::pair<std::uint32_t, std::string>> wanted;
    for (int i = 0; i < 20'000; ++i) {
        auto const group = static_cast<std::uint32_t>(random() % 3);
        std::string const key(random() % 20, static_cast<char>('a' + random() % 26));
        std::string const text = key + std::to_string(random() % 2'000);
        EXPECT_EQ(set.add(group, bytes(text)), wanted.emplace(group, text).second);
    }
    EXPECT_EQ(set.size(), wanted.size());
    set.each([&](std::uint32_t group, std::span<const std::byte> key, std::span<const Sum>) {
        std::string const text(reinterpret_cast<const char *>(key.data()), key.size());
        EXPECT_EQ(wanted.erase({group, text}), 1U);
    });
    EXPECT_TRUE(wanted.empty());
}

TEST(KeySums, AddsUpWhatComesOfAKeyAndOfAnother) {
    std::mt19937 random(6); // NOLINT(cert-msc51-cpp)
    KeySums one(std::pmr::new_delete_resource());
    KeySums two(std::pmr::new_delete_resource());
    std::map<std::string, std::pair<Sum, Sum>> wanted;
    for (int i = 0; i < 5'000; ++i) {
        std::string const key = std::to_string(random() % 300);
        Sum const sums[] = {static_cast<Sum>(random() % 5) - 2, static_cast<Sum>(INT64_MAX)};
        (random() % 2 == 0 ? one : two).add(7, bytes(key), sums);
        wanted[key].first += sums[0];
        wanted[key].second += sums[1];
    }
    one.merge(two);
    EXPECT_EQ(one.size(), wanted.size());
    one.each([&](std::uint32_t, std::span<const std::byte> key, std::span<const Sum> sums) {
        auto const &expected = wanted.at(std::string(reinterpret_cast<const char *>(key.data()), key.size()));
        EXPECT_TRUE(sums[0] == expected.first && sums[1] == expected.second);
    });
}

} // namespace
} // namespace steward::core
