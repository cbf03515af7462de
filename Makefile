# sto_ledger: build, install and test.
#
#   make, make install       the extension (PGXS; PG_CONFIG chooses the server)
#   make installcheck        regression tests on a running server
#   make check               everything a change must pass; does its own set-up
#   make check-long          what takes longer, other server versions included
#   make demo                a ledger with 1,000 investors in a private cluster
#   make bench               figures, into build/bench.tsv
#   make lint, make format   house rules; lay out the C sources
#
# Everything made goes into $(BUILD); the sources stay clean.

TOP   := $(patsubst %/,%,$(dir $(abspath $(lastword $(MAKEFILE_LIST)))))
BUILD ?= $(TOP)/build/pg

ifneq ($(INNER),yes)

# The outer half, run by hand. Setting a machine up must work before PostgreSQL
# is there, so it is the inner half, run in $(BUILD), that includes PGXS.
.PHONY: all install uninstall installcheck install-test-signer clean check check-long matrix demo bench lint format need
.NOTPARALLEL:

all install uninstall installcheck install-test-signer:
	@mkdir -p $(BUILD)
	@$(MAKE) --no-print-directory -C $(BUILD) -f $(TOP)/Makefile INNER=yes $@

clean:
	rm -rf $(TOP)/build

check:
	@$(TOP)/test/tools/check

check-long:
	@$(TOP)/test/tools/check build long fuzz
	@$(TOP)/test/tools/matrix

matrix:
	@$(TOP)/test/tools/matrix

demo bench: need
	@$(TOP)/test/tools/with_server $(TOP)/test/$@/run

lint:
	@$(TOP)/test/tools/lint

format:
	@find $(TOP)/src $(TOP)/test -name '*.[ch]' -exec clang-format -i {} +

need:
	@$(TOP)/test/tools/need

else

EXTENSION  = sto_ledger
MODULE_big = sto_ledger
PGFILEDESC = "sto_ledger - a register of security tokens"

# The version is written once, in the control file.
EXTVERSION := $(shell sed -n "s/^default_version *= *'\(.*\)'/\1/p" $(TOP)/$(EXTENSION).control)

SOURCES  = $(sort $(wildcard $(addprefix $(TOP)/src/,*.c core/*.c types/*.c ledger/*.c log/*.c)))
INCLUDED = $(filter-out $(TOP)/src/bin/%,$(wildcard $(addprefix $(TOP)/src/,*.h */*.h)))
OBJS     = $(patsubst $(TOP)/%.c,%.o,$(SOURCES))

INSTALL_SQL = $(sort $(wildcard $(TOP)/sql/install/*.sql))
SCRIPT      = sql/$(EXTENSION)--$(EXTVERSION).sql
DATA_built  = $(SCRIPT)
DATA        = $(patsubst $(TOP)/%,%,$(sort $(wildcard $(TOP)/sql/updates/*--*--*.sql)))

# PostgreSQL's own flags ask for C89 declarations; this is C11.
PG_CPPFLAGS = -I$(TOP)/src -DSTO_VERSION='"$(EXTVERSION)"'
PG_CFLAGS   = -std=gnu11 -Wall -Wextra -Werror -Wno-declaration-after-statement \
	-Wno-unused-parameter -Wno-sign-compare -Wno-missing-field-initializers \
	$(if $(findstring clang,$(CC)),$(NOT_FOR_CLANG))
# Debian configured PostgreSQL for gcc.
NOT_FOR_CLANG = -Wno-ignored-attributes -Wno-ignored-optimization-argument -Wno-unknown-warning-option
SHLIB_LINK  = -ljansson -lcrypto
override with_llvm := no

# Stand-alone programs on top of core. One is made of src/bin/NAME*.c; what several
# may use, the other files there, is a library, as is core.
PROGRAMS    = $(filter $(basename $(notdir $(wildcard $(TOP)/src/bin/*.c))),sto_verify sto_witness)
BIN_OBJS    = $(patsubst $(TOP)/%.c,%.o,$(sort $(wildcard $(TOP)/src/bin/*.c)))
own_objects = $(filter src/bin/$(1)%,$(BIN_OBJS))
SHARED_OBJS = $(filter-out $(foreach p,$(PROGRAMS),$(call own_objects,$(p))),$(BIN_OBJS))
CORE_OBJS   = $(filter src/core/%,$(OBJS))

REGRESS        = $(patsubst $(TOP)/test/sql/%.sql,%,$(sort $(wildcard $(TOP)/test/sql/*.sql)))
REGRESS_OPTS   = --inputdir=$(TOP)/test --outputdir=regress

PG_CONFIG ?= pg_config
PGXS := $(shell $(PG_CONFIG) --pgxs)
VPATH := $(TOP)
include $(PGXS)

$(OBJS): $(INCLUDED) $(TOP)/Makefile $(TOP)/$(EXTENSION).control | objdirs
installcheck: regress-dir install-test-signer

.PHONY: objdirs regress-dir install-test-signer install-programs uninstall-programs
objdirs:
	@mkdir -p $(sort $(dir $(OBJS) $(BIN_OBJS)))

all: $(PROGRAMS)
install: install-programs
uninstall: uninstall-programs

# No header of the server's is on their way, only libpq's.
$(BIN_OBJS): override CPPFLAGS := -D_GNU_SOURCE $(PG_CPPFLAGS) -I$(includedir)
$(BIN_OBJS): override CFLAGS := $(filter-out $(CFLAGS_SL) -Wno-unused-parameter -Wno-sign-compare,$(CFLAGS)) -O3 -fPIE -pthread
$(BIN_OBJS): $(wildcard $(TOP)/src/core/*.h $(TOP)/src/bin/*.h) $(TOP)/Makefile $(TOP)/$(EXTENSION).control | objdirs

# Made anew, so that no object of a file that is gone stays in it.
libsto_programs.a: $(SHARED_OBJS) $(CORE_OBJS)
	@rm -f $@
	$(AR) crs $@ $^

# An allocation that fails is noticed (src/bin/memory.c).
WATCHED = -Wl,--wrap=malloc,--wrap=calloc,--wrap=realloc,--wrap=mmap

.SECONDEXPANSION:
$(PROGRAMS): $$(call own_objects,$$@) libsto_programs.a
	$(CC) $(CFLAGS) -pthread -o $@ $(call own_objects,$@) libsto_programs.a $(WATCHED) $(LDFLAGS) -L$(libdir) -lpq -ljansson -lcrypto

install-programs: $(PROGRAMS)
	$(if $(PROGRAMS),$(MKDIR_P) '$(DESTDIR)$(bindir)')
	$(if $(PROGRAMS),$(INSTALL_PROGRAM) $(PROGRAMS) '$(DESTDIR)$(bindir)/')

uninstall-programs:
	rm -f $(addprefix '$(DESTDIR)$(bindir)'/,$(PROGRAMS))

# Expected files are looked for below the output folder, from 16 on below the
# current one.
regress-dir:
	@mkdir -p regress
	@ln -sfn $(TOP)/expected regress/expected
	@ln -sfn $(TOP)/expected expected

# Keys and signatures inside the server, for tests alone.
sto_test_signer.so: test/signer/sto_test_signer.c
	$(CC) $(CFLAGS) $(CFLAGS_SL) $(CPPFLAGS) -shared -o $@ $< -lcrypto

install-test-signer: sto_test_signer.so
	$(INSTALL_SHLIB) $< '$(DESTDIR)$(pkglibdir)/'

# A script that says OR REPLACE or IF NOT EXISTS takes over objects planted
# beforehand (CVE-2022-2625).
$(SCRIPT): $(INSTALL_SQL) $(TOP)/$(EXTENSION).control
	@mkdir -p $(@D)
	@! grep -inE '^[[:space:]]*create[[:space:]]+(or[[:space:]]+replace|.*if[[:space:]]+not[[:space:]]+exists)' $(INSTALL_SQL)
	@for f in $(INSTALL_SQL); do printf -- '-- from %s\n' "$${f##*/}"; cat "$$f"; done > $@.new
	@mv $@.new $@

endif
