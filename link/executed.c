/*
 * Prints the functions that a program executes: executed FUNCTIONS OUTPUT PROGRAM [ARGUMENT...]
 *
 * FUNCTIONS is a file of their addresses, in hexadecimal digits. Each is written to OUTPUT when it is executed for the first time; after
 * SIGUSR1, which writes an empty line, for the first time again. SIGHUP and SIGTERM are passed on to the program.
 *
 * A function has a breakpoint at its beginning until it is executed, so that the program runs as fast as usual, and on the real kernel.
 */
#define _GNU_SOURCE
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/ptrace.h>
#include <sys/user.h>
#include <sys/wait.h>
#include <unistd.h>

enum { BREAKPOINT = 0xcc };

struct function {
    uint64_t address;
    uint8_t first_byte;
};

static struct function *functions;
static size_t count;
/* Where the kernel has placed the program. */
static uint64_t base;
static int memory;
static volatile sig_atomic_t again;
static volatile pid_t program;

static void on_signal(int number) {
    if (number == SIGUSR1)
        again = 1;
    else
        kill(program, number);
}

static int by_address(const void *a, const void *b) {
    uint64_t left = ((const struct function *)a)->address, right = ((const struct function *)b)->address;
    return (left > right) - (left < right);
}

static void read_functions(const char *path) {
    FILE *file = fopen(path, "r");
    if (!file)
        err(1, "%s", path);
    for (uint64_t address; fscanf(file, "%lx", &address) == 1; count++) {
        functions = realloc(functions, (count + 1) * sizeof *functions);
        if (!functions)
            err(1, "%s", path);
        functions[count].address = address;
    }
    fclose(file);
    qsort(functions, count, sizeof *functions, by_address);
}

static void find_program(void) {
    char path[64];
    snprintf(path, sizeof path, "/proc/%d/maps", program);
    FILE *maps = fopen(path, "r");
    if (!maps || fscanf(maps, "%lx", &base) != 1)
        err(1, "%s", path);
    fclose(maps);
    snprintf(path, sizeof path, "/proc/%d/mem", program);
    memory = open(path, O_RDWR | O_CLOEXEC);
    for (size_t i = 0; i < count; i++)
        if (pread(memory, &functions[i].first_byte, 1, (off_t)(base + functions[i].address)) != 1)
            err(1, "reading the function at %lx", functions[i].address);
}

static void set_breakpoints(void) {
    const uint8_t breakpoint = BREAKPOINT;
    for (size_t i = 0; i < count; i++)
        if (pwrite(memory, &breakpoint, 1, (off_t)(base + functions[i].address)) != 1)
            err(1, "changing the function at %lx", functions[i].address);
}

/* Goes on after a breakpoint, in which a forked process may be, too; false if it was none of ours. */
static int remove_breakpoint(pid_t thread, FILE *output) {
    struct user_regs_struct registers;
    if (ptrace(PTRACE_GETREGS, thread, 0, &registers))
        return 0;
    struct function wanted = {.address = registers.rip - 1 - base};
    struct function *function = bsearch(&wanted, functions, count, sizeof wanted, by_address);
    if (!function)
        return 0;
    void *word = (void *)(registers.rip - 1);
    errno = 0;
    long there = ptrace(PTRACE_PEEKTEXT, thread, word, 0);
    /* Another thread may have hit it, too. */
    if (!errno && (there & 0xff) == BREAKPOINT) {
        fprintf(output, "%lx\n", function->address);
        ptrace(PTRACE_POKETEXT, thread, word, (there & ~0xffL) | function->first_byte);
    }
    registers.rip--;
    ptrace(PTRACE_SETREGS, thread, 0, &registers);
    return 1;
}

int main(int argc, char **argv) {
    if (argc < 4)
        errx(2, "usage: executed FUNCTIONS OUTPUT PROGRAM [ARGUMENT...]");
    read_functions(argv[1]);
    FILE *output = fopen(argv[2], "w");
    if (!output)
        err(1, "%s", argv[2]);
    setlinebuf(output);
    program = fork();
    if (!program) {
        ptrace(PTRACE_TRACEME, 0, 0, 0);
        execv(argv[3], argv + 3);
        err(127, "%s", argv[3]);
    }
    struct sigaction action = {.sa_handler = on_signal};
    sigaction(SIGUSR1, &action, 0);
    sigaction(SIGHUP, &action, 0);
    sigaction(SIGTERM, &action, 0);
    int status;
    waitpid(program, &status, 0);
    ptrace(PTRACE_SETOPTIONS, program, 0,
           PTRACE_O_TRACECLONE | PTRACE_O_TRACEFORK | PTRACE_O_TRACEVFORK | PTRACE_O_TRACEEXEC | PTRACE_O_EXITKILL);
    find_program();
    set_breakpoints();
    ptrace(PTRACE_CONT, program, 0, 0);
    for (;;) {
        pid_t thread = waitpid(-1, &status, __WALL);
        if (again) {
            again = 0;
            fputc('\n', output);
            set_breakpoints();
        }
        if (thread < 0) {
            if (errno == EINTR)
                continue;
            break;
        }
        if (!WIFSTOPPED(status))
            continue;
        int pass_on = WSTOPSIG(status);
        /* Of a new thread or process, and in what it was made by. */
        if (pass_on == SIGSTOP || status >> 16 || (pass_on == SIGTRAP && remove_breakpoint(thread, output)))
            pass_on = 0;
        ptrace(PTRACE_CONT, thread, 0, pass_on);
    }
    return fclose(output) ? 1 : 0;
}
