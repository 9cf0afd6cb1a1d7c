#include "core/cache/arena.hpp"

#include <gtest/gtest.h>

#include <cstring>
#include <random>
#include <vector>

namespace steward::core::cache {
namespace {

struct alignas(16) Cell {
    std::byte bytes[16];
};

struct Room {
    explicit Room(std::size_t bytes)
        : cells(bytes / sizeof(Cell)), arena(std::as_writable_bytes(std::span(cells))) {}

    std::vector<Cell> cells;
    Arena arena;
};

TEST(Arena, GivesBlocksThatDoNotTouchAndTakesThemBack) {
    Room room(1 << 20);
    std::size_t const all = room.arena.free_bytes();
    std::mt19937 random(1);
    struct Block {
        Place place;
        std::size_t size;
        unsigned char mark;
    };
    std::vector<Block> blocks;
    for (int round = 0; round < 100000; ++round) {
        if (blocks.empty() || random() % 100 < 52) {
            std::size_t const size = 1 + random() % (random() % 10 == 0 ? 20000 : 2000);
            Place const place = room.arena.take(size);
            if (place != nowhere) {
                ASSERT_GE(room.arena.room(place), size);
                auto const mark = static_cast<unsigned char>(random());
                std::memset(room.arena.at(place), mark, room.arena.room(place));
                blocks.push_back({place, room.arena.room(place), mark});
                continue;
            }
        }
        std::swap(blocks[random() % blocks.size()], blocks.back());
        auto const *const bytes = reinterpret_cast<unsigned char *>(room.arena.at(blocks.back().place));
        for (std::size_t i = 0; i < blocks.back().size; ++i)
            ASSERT_EQ(bytes[i], blocks.back().mark);
        room.arena.give_back(blocks.back().place);
        blocks.pop_back();
        if (round % 1000 == 0) {
            ASSERT_TRUE(room.arena.is_sound());
        }
    }
    for (Block const &block : blocks)
        room.arena.give_back(block.place);
    EXPECT_TRUE(room.arena.is_sound());
    EXPECT_EQ(room.arena.free_bytes(), all); // and in one piece
    EXPECT_NE(room.arena.take(all - 16), nowhere);
}

TEST(Arena, SaysWhenNoBlockIsLargeEnough) {
    Room room(1 << 16);
    EXPECT_EQ(room.arena.take(1 << 16), nowhere);
    Place const place = room.arena.take_most(1 << 16);
    ASSERT_NE(place, nowhere);
    EXPECT_EQ(room.arena.free_bytes(), 0U);
    EXPECT_EQ(room.arena.take_most(1), nowhere);
    room.arena.give_back(place);
    EXPECT_TRUE(room.arena.is_sound());
}

TEST(Arena, FindsTheOneBlockOfTheSizeAskedFor) {
    Room room(1 << 16);
    Place const block = room.arena.take(1000);
    Place rest = room.arena.take_most(1 << 16);
    ASSERT_NE(rest, nowhere);
    room.arena.give_back(block);
    // The list of its size also has smaller blocks, so that it is no list to take from blindly.
    EXPECT_EQ(room.arena.take(1000), block);
}

TEST(Arena, KeepsThreeQuartersForWhatMakesRoom) {
    Room room(1 << 20);
    std::size_t const all = room.arena.free_bytes();
    std::vector<Place> aside;
    for (std::size_t size = 1 << 20; size > 0; size /= 2)
        for (int i = 0; i < 1000; ++i)
            if (Place const place = room.arena.take_aside(size); place != nowhere)
                aside.push_back(place);
    EXPECT_GT(aside.size(), 5U);
    EXPECT_LE(room.arena.size(aside.front()), all / 8);
    EXPECT_GE(room.arena.free_bytes(), all / 4 * 3);
    EXPECT_LT(room.arena.free_bytes(), all / 5 * 4);
    for (Place const place : aside)
        room.arena.give_back_aside(place);
    EXPECT_EQ(room.arena.free_bytes(), all);
    EXPECT_NE(room.arena.take_aside(all / 10), nowhere);
}

} // namespace
} // namespace steward::core::cache
