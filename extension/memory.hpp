// PostgreSQL's memory contexts as a resource for std::pmr containers.
#pragma once

#include "extension/pg.hpp"

namespace steward {

/// Memory of a context: counted in pg_backend_memory_contexts and freed with the context, even where a
/// jump skips a destructor. Throws std::bad_alloc instead of raising an error.
class ContextResource final : public std::pmr::memory_resource {
  public:
    explicit ContextResource(MemoryContext context = CurrentMemoryContext) noexcept : context_(context) {}

  private:
    void *do_allocate(std::size_t bytes, std::size_t alignment) override {
        if (alignment > MAXIMUM_ALIGNOF || !AllocHugeSizeIsValid(bytes))
            throw std::bad_alloc();
        void *const memory = MemoryContextAllocExtended(context_, bytes, MCXT_ALLOC_HUGE | MCXT_ALLOC_NO_OOM);
        if (memory == nullptr)
            throw std::bad_alloc();
        return memory;
    }
    void do_deallocate(void *memory, std::size_t, std::size_t) override { pfree(memory); }
    bool do_is_equal(const std::pmr::memory_resource &other) const noexcept override {
        return this == &other;
    }

    MemoryContext context_;
};

} // namespace steward
