/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * CXL Dynamic Capacity qtests: the processors of cxl-dcd-stress-test.c, and of
 * cxl-dcd-ringing-test.c
 *
 * A ROM of 64 KiB below 1 MiB, the whole software of the machine. Every
 * processor comes to 64-bit mode with the first 512 GiB mapped as they are and
 * then, for ever: takes a block of capacity at random, loads a word of it,
 * compares it with what the test says about the block at that time, stores a
 * word beside it, and counts. Or it rings a mailbox, reads what that says, and
 * counts. The test's side is in ordinary memory:
 */
        .set CONTROL,    0x20000
        .set GO,         0x00        /* not 0: begin; 2: to ring */
        .set WINDOW,     0x08        /* address of block 0 */
        .set SHIFT,      0x10        /* a block is 1 << SHIFT bytes */
        .set MASK,       0x18        /* number of blocks - 1 */
        .set BAD,        0x20        /* how often a load was wrong, then */
        .set BAD_BLOCK,  0x28        /* for one of them: which block, */
        .set BAD_WORD,   0x30        /* what it held, */
        .set BAD_WANT,   0x38        /* what it should have, */
        .set BAD_STATE,  0x40        /* and its state */
        .set MAILBOX,    0x48        /* to be rung; 0: none */
        .set COUNT,      0x80        /* a word per processor */
        .set ENTRY,      0x1000      /* a state and a value per block */

/* Low bits of a state; the others make each change a new one */
        .set FREE,       1           /* nobody's: all ones */
        .set OWNED,      3           /* the value, exactly */

        .set BASE,       0xf0000
        .set SLOT,       56          /* of the value, in a line */

        .text
        .globl _start
_start:
        .code16
/* All processors: the first from the reset vector, the others are sent here */
enter:
        cli
        lgdtl   %cs:gdt_pointer - _start
        movl    %cr0, %eax
        orl     $1, %eax
        movl    %eax, %cr0
        ljmpl   $0x08, $protected

        .code32
protected:
        movl    $0x20, %eax                     /* PAE */
        movl    %eax, %cr4
        movl    $page_map, %eax
        movl    %eax, %cr3
        movl    $0xc0000080, %ecx               /* EFER */
        rdmsr
        orl     $0x100, %eax                    /* long mode */
        wrmsr
        movl    %cr0, %eax
        orl     $0x80000000, %eax
        movl    %eax, %cr0
        ljmpl   $0x10, $long_mode

        .code64
long_mode:
        movq    $CONTROL, %r15
        movl    $0xfee00000, %ebp               /* local APIC */
        movl    0x20(%rbp), %ebx
        shrl    $24, %ebx
        testl   %ebx, %ebx
        jnz     wait
        movl    $0xc4500, 0x300(%rbp)           /* the others: INIT */
        movl    $0xc4600 | BASE >> 12, 0x300(%rbp) /* and start-up */
wait:
        pause
        cmpq    $0, GO(%r15)
        je      wait
        cmpq    $2, GO(%r15)
        je      ring
        movq    $0x9e3779b97f4a7c15, %rax
        leaq    1(%rbx), %rcx
        imulq   %rcx, %rax                      /* a seed of its own */

again:
        movq    %rax, %rcx                      /* xorshift */
        shlq    $13, %rcx
        xorq    %rcx, %rax
        movq    %rax, %rcx
        shrq    $7, %rcx
        xorq    %rcx, %rax
        movq    %rax, %rcx
        shlq    $17, %rcx
        xorq    %rcx, %rax

        movq    %rax, %r12                      /* block */
        andq    MASK(%r15), %r12
        movq    %r12, %rsi
        shlq    $4, %rsi
        leaq    ENTRY(%r15, %rsi), %rsi
        movq    %r12, %rdi
        movb    SHIFT(%r15), %cl
        shlq    %cl, %rdi
        addq    WINDOW(%r15), %rdi
        /* One of 16 lines, as line_of() in the test */
        movq    %rax, %r13
        shrq    $32, %r13
        andq    $15, %r13
        movq    %r13, %rdx
        subb    $4, %cl
        shlq    %cl, %rdx
        addq    %rdx, %rdi
        movq    %r13, %rdx
        andq    $1, %rdx
        shlq    $12, %rdx
        addq    %rdx, %rdi
        shlq    $7, %r13
        andq    $0x100, %r13
        addq    %r13, %rdi

        movq    (%rsi), %r8                     /* state */
        movq    8(%rsi), %r9                    /* value */
        movq    SLOT(%rdi), %r10
        movq    (%rsi), %r11                    /* state afterwards */
        movq    %rax, (%rdi, %rbx, 8)           /* a slot of our own */
        incq    COUNT(%r15, %rbx, 8)

        cmpq    %r8, %r11
        jne     unsettled
        movq    %r8, %rdx
        andq    $3, %rdx
        cmpq    $FREE, %rdx
        je      is_free
        cmpq    $OWNED, %rdx
        jne     unsettled
        cmpq    %r9, %r10
        je      again
        jmp     bad
is_free:
        cmpq    $-1, %r10
        je      again
        jmp     bad
/* On its way: nothing, zero, or a value of the block that is not older */
unsettled:
        cmpq    $-1, %r10
        je      again
        testq   %r10, %r10
        jz      again
        movq    %r9, %rdx
        xorq    %r10, %rdx
        shrq    $32, %rdx
        jnz     bad
        cmpl    %r9d, %r10d
        jae     again
bad:
        movq    %r12, BAD_BLOCK(%r15)
        movq    %r10, BAD_WORD(%r15)
        movq    %r9, BAD_WANT(%r15)
        movq    %r8, BAD_STATE(%r15)
        lock incq BAD(%r15)
        jmp     again

/* Get Dynamic Capacity Configuration of the first region, for ever */
ring:
        incq    COUNT(%r15, %rbx, 8)
        movq    MAILBOX(%r15), %rdi
        testq   %rdi, %rdi
        jz      ring
        movl    $0x0001, 0x20(%rdi)             /* payload: one region */
        movl    $0x24800, 8(%rdi)               /* command, two bytes of it */
        movl    $0, 12(%rdi)
        movl    $1, 4(%rdi)                     /* doorbell */
        movq    0x10(%rdi), %rdx                /* status */
        movl    4(%rdi), %edx
        movl    0x20(%rdi), %edx                /* payload */
        movl    $200, %ecx                     /* others have turns, too */
between:
        pause
        loop    between
        jmp     ring

        .balign 8
gdt:
        .quad   0
        .quad   0x00cf9b000000ffff              /* code, 32 bit */
        .quad   0x00af9b000000ffff              /* code, 64 bit */
gdt_pointer:
        .word   . - gdt - 1
        .long   gdt

/* Present, writable, accessed; pages of 1 GiB also dirty: never written to */
        .org    0x8000
page_map:
        .quad   pages + 0x23
        .fill   511, 8, 0
pages:
        .set    gib, 0
        .rept   512
        .quad   gib << 30 | 0xe3
        .set    gib, gib + 1
        .endr

        .org    0xfff0
        .code16
        ljmpw   $BASE >> 4, $0
        .org    0x10000
