// Structs of ours in the server's shared memory.
#pragma once

#include "extension/boundary.hpp"

extern "C" {
#include "storage/lwlock.h"
}

namespace steward {

/// A struct in shared memory, known by its name. A preloaded library reserves room for it and makes it at
/// the start of the server; otherwise the first process that needs it takes it from what the server keeps
/// spare, so a block is small (those that do without preload together below 64 kB). It starts as zero bytes.
/// The name ends in the number of its layout: a new library beside processes that still run the old one must
/// not share.
class SharedBlock {
  public:
    /// `initialise` is called once, after the memory was zeroed and the lock was made; it holds no objects.
    constexpr SharedBlock(const char *name, std::size_t size, void (*initialise)(void *) = nullptr) noexcept
        : name_(name), size_(size), initialise_(initialise) {}

    std::size_t size() const noexcept;
    /// Before it is reserved: blocks whose size a setting says. Beyond 1 MB the memory is as the operating
    /// system gives it, zero, but not touched.
    void resize(std::size_t size) noexcept { size_ = size; }
    /// True once this process, or the one it was forked from, has found or made it.
    bool is_made() const noexcept { return memory_ != nullptr; }

    /// Its memory and lock, made if need be. Raises an error when the server has no room left.
    void *memory();
    LWLock *lock();

    /// Makes it if need be. False, now and later, when the server has no room left or holds another layout
    /// under that name; raises no error.
    bool available() noexcept;

    /// Finds or makes it, whatever this process knew: after a crash the same postmaster has new memory.
    void attach();

  private:
    void refuse(const char *why, uint32 interrupt_holds, uint32 cancel_holds) noexcept;

    const char *name_;
    std::size_t size_;
    void (*initialise_)(void *);
    LWLock *lock_ = nullptr; ///< the lock stands before the memory
    void *memory_ = nullptr;
    bool refused_ = false;
};

/// A SharedBlock as the type it holds: trivial, no pointers, no destructor.
template <class T> class Shared {
    static_assert(std::is_trivially_destructible_v<T>);

  public:
    constexpr explicit Shared(const char *name, void (*initialise)(void *) = nullptr) noexcept
        : block_(name, sizeof(T), initialise) {}

    T &get() { return *static_cast<T *>(block_.memory()); }
    LWLock *lock() { return block_.lock(); }
    SharedBlock &block() noexcept { return block_; }

  private:
    SharedBlock block_;
};

/// Called by _PG_init while the library is preloaded: reserves room for `blocks` and makes them when the
/// server has its shared memory.
void reserve_shared_memory(std::span<SharedBlock *const> blocks);

} // namespace steward
