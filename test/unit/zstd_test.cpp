#include "core/compress/zstd.hpp"

#include <algorithm>
#include <cstring>
#include <string>
#include <string_view>
#include <vector>

#include <gtest/gtest.h>

#include "core/compress/kept.hpp"
#include "core/error.hpp"
#include "test/oracle/random.hpp"
#include "test/oracle/stops.hpp"

namespace steward::core::zstd {
namespace {

using Vector = std::vector<std::byte>;

Bytes bytes(std::string_view text) {
    return std::as_bytes(std::span(text.data(), text.size()));
}

/// Texts that have much in common.
std::string statement(unsigned seed) {
    oracle::Random random(seed);
    constexpr std::string_view pieces[] = {"the principle shall ", "a reviewer of the draft ",
                                           "within 30 days ",      "{\"statement\": \"it ",
                                           "\", \"score\": 0.",    "as recorded by "};
    return "{\"id\": " + std::to_string(seed) + ", \"text\": \"" + random.text(pieces, 40) + "\"}";
}

std::string noise(std::size_t size) {
    oracle::Random random(7);
    std::string made(size, '\0');
    std::generate(made.begin(), made.end(), [&] { return static_cast<char>(random.below(256)); });
    return made;
}

std::string prose(std::size_t size) {
    std::string made;
    for (unsigned seed = 0; made.size() < size; ++seed)
        made += statement(seed);
    made.resize(size);
    return made;
}

Vector trained(unsigned first, std::size_t size = default_dictionary) {
    std::vector<std::string> texts;
    for (unsigned i = 0; i < 500; ++i)
        texts.push_back(statement(first + i));
    std::vector<Bytes> samples;
    for (std::string const &text : texts)
        samples.push_back(bytes(text));
    return train(samples, size);
}

const Vector &dictionary() {
    static const Vector made = trained(0);
    return made;
}

Vector compressed(Bytes value, int level = default_level) {
    Vector room(Compressor::bound(value.size()));
    room.resize(Compressor().compress(value, room, level));
    return room;
}

Vector compressed(Bytes value, const CompressionDictionary &with) {
    Vector room(Compressor::bound(value.size()));
    room.resize(Compressor().compress(value, room, with));
    return room;
}

constexpr std::size_t limit = std::size_t{1} << 24;

struct Opened {
    Problem problem;
    Vector content;
};

Opened opened(Bytes frame, const DecompressionDictionary *with = nullptr) {
    Header const header = read_header(frame, limit);
    Vector room(header.size);
    if (header.problem != Problem::none)
        return {header.problem, {}};
    Problem const problem = Decompressor().decompress(frame, room, with);
    return {problem, room};
}

bool same(Bytes a, Bytes b) {
    return std::equal(a.begin(), a.end(), b.begin(), b.end());
}

TEST(Zstd, GivesBackWhatItTook) {
    std::vector<std::string> const values = {"",
                                             "x",
                                             noise(1000),
                                             prose(1000),
                                             noise(1 << 20),
                                             prose(1 << 20),
                                             std::string(3 << 20, 'a'),
                                             prose(131072),
                                             prose(131073)};
    auto const decompression = DecompressionDictionary::make(dictionary());
    for (int level : {least_level, default_level, most_level}) {
        auto const compression = CompressionDictionary::make(dictionary(), level);
        for (std::string const &value : values) {
            Vector const frame = compressed(bytes(value), level);
            EXPECT_EQ(read_header(frame, limit).size, value.size());
            EXPECT_EQ(read_header(frame, limit).dictionary, 0U);
            Opened const plain = opened(frame);
            EXPECT_EQ(plain.problem, Problem::none);
            EXPECT_TRUE(same(plain.content, bytes(value)));
            Opened const shared = opened(compressed(bytes(value), *compression), decompression.get());
            EXPECT_EQ(shared.problem, Problem::none);
            EXPECT_TRUE(same(shared.content, bytes(value)));
            // Whoever holds a dictionary can read what was written before there was one.
            EXPECT_EQ(opened(frame, decompression.get()).problem, Problem::none);
        }
    }
}

TEST(Zstd, KeepsNothingOfOneValueForTheNext) {
    auto const compression = CompressionDictionary::make(dictionary(), default_level);
    Compressor compressor;
    std::string const value = statement(4711);
    Vector room(Compressor::bound(value.size()));
    compressor.compress(bytes(value), room, *compression);
    room.resize(compressor.compress(bytes(value), room, 5));
    EXPECT_EQ(room, compressed(bytes(value), 5));
}

TEST(Zstd, CompressesSmallValuesBetterByADictionary) {
    auto const compression = CompressionDictionary::make(dictionary(), default_level);
    std::size_t with = 0;
    std::size_t without = 0;
    for (unsigned seed = 10000; seed < 10100; ++seed) {
        with += compressed(bytes(statement(seed)), *compression).size();
        without += compressed(bytes(statement(seed))).size();
    }
    EXPECT_LT(with * 3, without * 2);
}

/// Whatever byte is changed, the answer is a problem or the value itself.
void expect_damage_is_seen(const Vector &frame, std::string_view value, const DecompressionDictionary *with) {
    for (std::size_t at = 0; at < frame.size(); ++at) {
        for (unsigned change : {0x01U, 0x10U, 0x80U, 0xFFU}) {
            Vector damaged = frame;
            damaged[at] ^= static_cast<std::byte>(change);
            Opened const got = opened(damaged, with);
            EXPECT_TRUE(got.problem != Problem::none || same(got.content, bytes(value)))
                << "byte " << at << " changed by " << change;
        }
    }
}

TEST(Zstd, SeesDamageOfAnyByte) {
    std::string const value = statement(31);
    Vector const plain = compressed(bytes(value));
    expect_damage_is_seen(plain, value, nullptr);
    Vector changed = plain;
    changed.back() ^= std::byte{1};
    EXPECT_EQ(opened(changed).problem, Problem::damaged);
    auto const compression = CompressionDictionary::make(dictionary(), default_level);
    auto const decompression = DecompressionDictionary::make(dictionary());
    expect_damage_is_seen(compressed(bytes(value), *compression), value, decompression.get());
}

TEST(Zstd, RefusesWhatIsTooShortOrTooLong) {
    for (std::string const &value : {std::string(), statement(5), prose(300000)}) {
        Vector const frame = compressed(bytes(value));
        std::size_t const step = frame.size() < 1000 ? 1 : 997;
        for (std::size_t size = 0; size < frame.size(); size += step) {
            Problem const problem = opened(Bytes(frame).first(size)).problem;
            EXPECT_EQ(problem, size < 4 ? Problem::not_a_frame : Problem::damaged) << size;
        }
        Vector longer = frame;
        longer.push_back(std::byte{0});
        EXPECT_EQ(opened(longer).problem, Problem::damaged);
        longer.pop_back();
        longer.insert(longer.end(), frame.begin(), frame.end()); // a second frame
        EXPECT_EQ(opened(longer).problem, Problem::damaged);
    }
}

TEST(Zstd, RefusesOtherFrames) {
    EXPECT_EQ(opened(bytes("no frame at all")).problem, Problem::not_a_frame);
    // To be skipped: 8 bytes of which nobody knows what they are.
    constexpr std::string_view skipped("\x50\x2A\x4D\x18\x08\x00\x00\x00"
                                       "content!",
                                       16);
    EXPECT_EQ(opened(bytes(skipped)).problem, Problem::not_a_frame);
    // No size; a window of 1 kB, one last raw block of 1 byte.
    constexpr std::string_view no_size("\x28\xB5\x2F\xFD\x00\x00\x09\x00\x00"
                                       "x",
                                       10);
    EXPECT_EQ(opened(bytes(no_size)).problem, Problem::no_size);
    // A content of 16 MB in a window of 256 MB.
    constexpr std::string_view large_window("\x28\xB5\x2F\xFD\x80\x90\x00\x00\x00\x01\x01\x00\x00", 13);
    Vector padded(1 << 10);
    std::memcpy(padded.data(), large_window.data(), large_window.size());
    EXPECT_EQ(opened(padded).problem, Problem::large_window);
}

TEST(Zstd, RefusesContentOverTheLimit) {
    Vector const frame = compressed(bytes(std::string(1000, 'x')));
    EXPECT_EQ(read_header(frame, 1000).problem, Problem::none);
    EXPECT_EQ(read_header(frame, 999).problem, Problem::too_large);
    Vector room(999);
    EXPECT_EQ(Decompressor().decompress(frame, room), Problem::too_large);
    // 1 GB is claimed by 20 bytes, which hold no more than five blocks.
    constexpr std::string_view claim(
        "\x28\xB5\x2F\xFD\xA0\x00\x00\x00\x40\x01\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00", 20);
    EXPECT_EQ(read_header(bytes(claim), std::size_t{1} << 31).problem, Problem::damaged);
    EXPECT_EQ(read_header(bytes(claim), std::size_t{1} << 29).problem, Problem::too_large);
    // What can be held by so few bytes is not refused.
    std::string const blank(std::size_t{1} << 23, ' ');
    EXPECT_TRUE(same(opened(compressed(bytes(blank))).content, bytes(blank)));
}

TEST(Zstd, SaysWhenThereIsNoRoom) {
    for (std::size_t size : {100U, 1000000U}) {
        std::string const value = noise(size);
        for (std::size_t room : {std::size_t{0}, std::size_t{1}, size / 2, size}) {
            Vector small(room);
            EXPECT_EQ(Compressor().compress(bytes(value), small), 0U);
        }
    }
}

TEST(Zstd, RefusesAnotherDictionary) {
    Vector const other = trained(5000);
    ASSERT_NE(dictionary_id(other), dictionary_id(dictionary()));
    auto const compression = CompressionDictionary::make(dictionary(), default_level);
    auto const wrong = DecompressionDictionary::make(other);
    auto const right = DecompressionDictionary::make(dictionary());
    Vector const frame = compressed(bytes(statement(77)), *compression);
    EXPECT_EQ(read_header(frame, limit).dictionary, dictionary_id(dictionary()));
    EXPECT_EQ(opened(frame, right.get()).problem, Problem::none);
    EXPECT_EQ(opened(frame, wrong.get()).problem, Problem::other_dictionary);
    EXPECT_EQ(opened(frame).problem, Problem::other_dictionary);
    // Another content under the same id is caught by the checksum.
    Vector forged = other;
    std::copy_n(dictionary().begin(), 8, forged.begin());
    auto const lying = DecompressionDictionary::make(forged);
    ASSERT_NE(lying, nullptr);
    EXPECT_EQ(opened(frame, lying.get()).problem, Problem::damaged);
}

TEST(Zstd, TakesTrainedDictionariesOnly) {
    Vector large = dictionary();
    large.resize(most_dictionary + 1);
    for (Bytes const wrong :
         {bytes(""), bytes("the principle shall"), Bytes(large), Bytes(dictionary()).first(60)}) {
        EXPECT_EQ(CompressionDictionary::make(wrong, default_level), nullptr);
        EXPECT_EQ(DecompressionDictionary::make(wrong), nullptr);
    }
    // Damage never looks like a want of memory.
    for (std::size_t at = 0; at < 200; ++at) {
        Vector damaged = dictionary();
        damaged[at] ^= std::byte{0x55};
        EXPECT_NO_THROW(CompressionDictionary::make(damaged, default_level));
        EXPECT_NO_THROW(DecompressionDictionary::make(damaged));
    }
}

TEST(Zstd, RefusesLevelsOutOfRange) {
    Vector room(100);
    for (int level : {-5, 0, most_level + 1, 22}) {
        EXPECT_THROW(Compressor().compress(bytes("x"), room, level), Error);
        EXPECT_THROW(CompressionDictionary::make(dictionary(), level), Error);
    }
}

TEST(Zstd, StopsEveryBlock) {
    std::string const value = noise(10 << 20);
    Vector room(Compressor::bound(value.size()));
    Compressor compressor;
    std::size_t const size = compressor.compress(bytes(value), room, default_level, oracle::counting_stop());
    EXPECT_GE(oracle::stops_seen, 80U);
    EXPECT_THROW(compressor.compress(bytes(value), room, default_level, oracle::throwing_stop(3)),
                 oracle::Cancelled);
    EXPECT_EQ(compressor.compress(bytes(value), room), size) << "a cancel leaves nothing behind";

    Bytes const frame = Bytes(room).first(size);
    Vector content(value.size());
    Decompressor decompressor;
    EXPECT_EQ(decompressor.decompress(frame, content, nullptr, oracle::counting_stop()), Problem::none);
    EXPECT_GE(oracle::stops_seen, 160U);
    EXPECT_THROW(decompressor.decompress(frame, content, nullptr, oracle::throwing_stop(3)),
                 oracle::Cancelled);
    EXPECT_EQ(decompressor.decompress(frame, content), Problem::none);
    EXPECT_TRUE(same(content, bytes(value)));

    // Little of a frame may be much of a value.
    std::string const blank(64 << 20, ' ');
    Vector const short_frame = compressed(bytes(blank));
    Vector blanks(blank.size());
    EXPECT_EQ(decompressor.decompress(short_frame, blanks, nullptr, oracle::counting_stop()), Problem::none);
    EXPECT_GE(oracle::stops_seen, 128U);
}

TEST(ZstdTraining, GivesTheSameDictionaryForTheSameSamples) {
    EXPECT_EQ(trained(0), dictionary());
    EXPECT_NE(trained(1), dictionary());
    EXPECT_NE(dictionary_id(dictionary()), 0U);
    for (std::size_t size : {least_dictionary, default_dictionary, most_dictionary}) {
        Vector const made = trained(0, size);
        EXPECT_LE(made.size(), size);
        EXPECT_NE(CompressionDictionary::make(made, default_level), nullptr);
        EXPECT_NE(DecompressionDictionary::make(made), nullptr);
    }
}

TEST(ZstdTraining, SaysWhenThereIsTooLittle) {
    EXPECT_TRUE(train({}).empty());
    std::string const text = statement(1);
    for (std::size_t count : {1U, 4U})
        EXPECT_TRUE(train(std::vector<Bytes>(count, bytes(text))).empty());
    EXPECT_TRUE(train(std::vector<Bytes>(1000, bytes(""))).empty());
    EXPECT_TRUE(train(std::vector<Bytes>(5, bytes("x"))).empty());
}

TEST(ZstdTraining, RefusesSizesOutOfRange) {
    for (std::size_t size : {std::size_t{0}, least_dictionary - 1, most_dictionary + 1})
        EXPECT_THROW(train({}, size), Error);
}

TEST(ZstdTraining, LooksAtAnEvenChoiceOfMany) {
    // More samples, more bytes and longer samples than are looked at, each of them of a kind that comes late.
    std::string const early = noise(2 << 20);
    std::string const late = prose(2 << 20);
    for (std::size_t each : {50U, 2000U, 100000U}) {
        std::vector<Bytes> samples;
        for (std::string const *text : {&early, &late})
            for (std::size_t at = 0; at + each <= text->size(); at += each)
                samples.push_back(bytes(*text).subspan(at, each));
        Vector const made = train(samples);
        auto const compression = CompressionDictionary::make(made, default_level);
        ASSERT_NE(compression, nullptr) << each;
        std::string const value = statement(123456);
        EXPECT_LT(compressed(bytes(value), *compression).size(), compressed(bytes(value)).size()) << each;
    }
}

TEST(ZstdTraining, Stops) {
    EXPECT_THROW(train({}, default_dictionary, oracle::throwing_stop(0)), oracle::Cancelled);
    EXPECT_THROW(train({}, default_dictionary, oracle::throwing_stop(2)), oracle::Cancelled);
}

TEST(KeptDictionaries, AreMadeReadyOnce) {
    KeptDictionaries kept(8, std::size_t{1} << 24);
    auto const first = kept.compression(dictionary(), default_level);
    Vector const copy = dictionary();
    EXPECT_EQ(kept.compression(copy, default_level), first);
    EXPECT_NE(kept.compression(copy, 1), first);
    EXPECT_EQ(kept.decompression(copy), kept.decompression(dictionary()));
    EXPECT_EQ(kept.size(), 1U);
    EXPECT_EQ(first->level(), default_level) << "what is used outlives its being kept";
    EXPECT_EQ(kept.compression(bytes("none"), default_level), nullptr);
    EXPECT_EQ(kept.decompression(bytes("none")), nullptr);
    EXPECT_EQ(kept.size(), 1U);
}

TEST(KeptDictionaries, AreTheOnesThatWereUsedLast) {
    KeptDictionaries kept(2, std::size_t{1} << 24);
    Vector const others[] = {trained(1000), trained(2000)};
    auto const first = kept.decompression(dictionary());
    auto const second = kept.decompression(others[0]);
    EXPECT_EQ(kept.decompression(dictionary()), first);
    kept.decompression(others[1]);
    EXPECT_EQ(kept.size(), 2U);
    EXPECT_EQ(kept.decompression(dictionary()), first);
    EXPECT_NE(kept.decompression(others[0]), second);
}

TEST(KeptDictionaries, TakeNoMoreMemoryThanTheyMay) {
    std::size_t const most = 200000;
    KeptDictionaries kept(100, most);
    for (unsigned i = 0; i < 10; ++i)
        kept.decompression(trained(i * 1000));
    EXPECT_GE(kept.size(), 1U);
    EXPECT_LE(kept.bytes(), most);
    EXPECT_GT(kept.bytes(), 0U);
    KeptDictionaries small(100, 1);
    EXPECT_NE(small.decompression(dictionary()), nullptr);
    EXPECT_EQ(small.size(), 1U) << "the last one is kept whatever its size";
}

} // namespace
} // namespace steward::core::zstd
