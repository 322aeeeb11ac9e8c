/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * A UEFI application on Emma, by gnu-efi: the firmware's pages behind malloc. Unlike the firmware's
 * own pool, what is freed twice or was never allocated is named. It sorts some numbers in a tree,
 * shows the statistics, and switches the machine off.
 */
#include <efi.h>
#include <efilib.h>
#include <emma.h>
#include <emma_bare.h>

/* ---- what Emma asks for: <emma_bare.h> ------------------------------------------------------- */

/* The firmware aligns to 4096, and its pages are not zero. */
void* emma_bare_map(size_t bytes, size_t alignment) {
    EFI_PHYSICAL_ADDRESS start;
    size_t whole = bytes + alignment - 4096;
    if (EFI_ERROR(BS->AllocatePages(AllocateAnyPages, EfiLoaderData, whole / 4096, &start)))
        return NULL;
    EFI_PHYSICAL_ADDRESS addr = (start + alignment - 1) & ~(EFI_PHYSICAL_ADDRESS)(alignment - 1);
    size_t before = addr - start, behind = whole - before - bytes;
    if (before != 0) BS->FreePages(start, before / 4096);
    if (behind != 0) BS->FreePages(addr + bytes, behind / 4096);
    BS->SetMem((void*)addr, bytes, 0);
    return (void*)addr;
}

bool emma_bare_unmap(void* pages, size_t bytes) {
    return !EFI_ERROR(BS->FreePages((EFI_PHYSICAL_ADDRESS)pages, bytes / 4096));
}

void emma_bare_panic(const struct emma_panic* panic) {
    Print(L"%a\n", panic->message);
    RT->ResetSystem(EfiResetShutdown, EFI_ABORTED, 0, NULL);
}

/* ---- the work -------------------------------------------------------------------------------- */

struct node {
    struct node *left, *right;
    unsigned value;
};

static void insert(struct node** place, unsigned value) {
    while (*place != NULL) place = value < (*place)->value ? &(*place)->left : &(*place)->right;
    *place = emma_calloc(1, sizeof **place);
    if (*place != NULL) (*place)->value = value;
}

/* Counts those in order, and frees them. */
static unsigned take_apart(struct node* node, unsigned* last) {
    if (node == NULL) return 0;
    unsigned in_order = take_apart(node->left, last);
    in_order += node->value >= *last;
    *last = node->value;
    in_order += take_apart(node->right, last);
    emma_free(node);
    return in_order;
}

/* A line of emma_report's, which ends with \n alone. */
static void print(void* context, const char* text, size_t length) {
    (void)context;
    (void)length;
    Print(L"%a", text);
}

EFI_STATUS efi_main(EFI_HANDLE image, EFI_SYSTEM_TABLE* table) {
    InitializeLib(image, table);
    struct node* tree = NULL;
    unsigned number = 7;
    for (int i = 0; i < 20000; i++) insert(&tree, number = number * 1103515245 + 12345);
    void* volatile large = emma_malloc(10000000);
    emma_report(print, NULL);
    unsigned last = 0, in_order = take_apart(tree, &last);
    emma_free(large);
    unsigned broken = emma_check(print, NULL);
    Print(L"uefi: %d numbers in order, %d invariants broken, %d KiB went back\n", in_order, broken,
          emma_trim() / 1024);
    if (in_order == 20000 && broken == 0 && large != NULL) Print(L"uefi: PASSED\n");
    emma_free(large); /* the second time: a panic that names it, and switches off */
    return EFI_ABORTED;
}
