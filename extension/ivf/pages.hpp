// Pages for what comes: those that nobody needs any more, or new ones at the end of the file.
#pragma once

#include "extension/ivf/page.hpp"

namespace steward::ivf {

/// A page at the end of an index, which nobody has seen before its buffer is locked for changes. Plain C.
Buffer extend(Relation index, ForkNumber fork);

/// A page that is free, where `oldest` is the oldest generation that counts, or one more. Its buffer is
/// locked for changes. Plain C.
Buffer free_page(Relation index, std::uint32_t oldest);

/// Where the pages of a new generation go. Plain C.
class Pages {
  public:
    Pages(Relation index, std::uint32_t generation) noexcept : index_(index), generation_(generation) {}
    Pages(const Pages &) = delete;
    Pages &operator=(const Pages &) = delete;
    virtual ~Pages() = default;

    std::uint32_t generation() const noexcept { return generation_; }

    /// A page for a list: what is to stand on it comes by put(), in the order of takes.
    virtual BlockNumber take(std::uint32_t list) = 0;
    virtual void put(BlockNumber block, Page image) = 0;
    /// Bytes over a chain of pages, as many as they take: the first one.
    BlockNumber put_run(const char *bytes, std::size_t size, std::size_t per_page);

  protected:
    Relation index_;
    std::uint32_t generation_;
};

/// Those of an index that is being made. Nothing of it is logged.
class FreshPages final : public Pages {
  public:
    FreshPages(Relation index, std::uint32_t generation)
        : Pages(index, generation), next_(RelationGetNumberOfBlocks(index)) {}
    ~FreshPages() override = default;

    BlockNumber take(std::uint32_t list) override;
    void put(BlockNumber block, Page image) override;

  private:
    BlockNumber next_;
};

/// Those of an index that is in use.
class LoggedPages final : public Pages {
  public:
    LoggedPages(Relation index, std::uint32_t generation, std::uint32_t oldest) noexcept
        : Pages(index, generation), oldest_(oldest) {}
    ~LoggedPages() override = default;

    BlockNumber take(std::uint32_t list) override;
    void put(BlockNumber block, Page image) override;

  private:
    std::uint32_t oldest_; ///< generation that counts
};

} // namespace steward::ivf
