#include "core/compress/kept.hpp"

#include <algorithm>
#include <cstring>

namespace steward::core::zstd {

std::size_t KeptDictionaries::Entry::bytes() const noexcept {
    return content.size() + (compression ? compression->bytes() : 0) +
           (decompression ? decompression->bytes() : 0);
}

std::size_t KeptDictionaries::bytes() const noexcept {
    std::size_t sum = 0;
    for (Entry const &entry : entries_)
        sum += entry.bytes();
    return sum;
}

KeptDictionaries::Entry *KeptDictionaries::find(Bytes dictionary) noexcept {
    // memcmp: std::equal takes bytes one by one.
    auto const found = std::find_if(entries_.begin(), entries_.end(), [&](Entry const &entry) {
        return entry.content.size() == dictionary.size() &&
               std::memcmp(entry.content.data(), dictionary.data(), dictionary.size()) == 0;
    });
    if (found == entries_.end())
        return nullptr;
    std::rotate(found, found + 1, entries_.end());
    return &entries_.back();
}

KeptDictionaries::Entry &KeptDictionaries::find_or_add(Bytes dictionary) {
    if (Entry *const found = find(dictionary))
        return *found;
    entries_.push_back({{dictionary.begin(), dictionary.end()}, nullptr, nullptr});
    return entries_.back();
}

void KeptDictionaries::shrink() noexcept {
    while (entries_.size() > 1 && (entries_.size() > most_ || bytes() > most_bytes_))
        entries_.erase(entries_.begin());
}

std::shared_ptr<const CompressionDictionary> KeptDictionaries::compression(Bytes dictionary, int level) {
    Entry *const found = find(dictionary);
    if (found != nullptr && found->compression && found->compression->level() == level)
        return found->compression;
    std::shared_ptr<const CompressionDictionary> made = CompressionDictionary::make(dictionary, level);
    if (made) {
        find_or_add(dictionary).compression = made;
        shrink();
    }
    return made;
}

std::shared_ptr<const DecompressionDictionary> KeptDictionaries::decompression(Bytes dictionary) {
    Entry *const found = find(dictionary);
    if (found != nullptr && found->decompression)
        return found->decompression;
    std::shared_ptr<const DecompressionDictionary> made = DecompressionDictionary::make(dictionary);
    if (made) {
        find_or_add(dictionary).decompression = made;
        shrink();
    }
    return made;
}

} // namespace steward::core::zstd
