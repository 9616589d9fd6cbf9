# Builds the C module for each Lua, runs the specs and the checks, installs
# without LuaRocks. `make help` lists what there is; every command brings its
# own tools along (see spec/support/setup.sh).

# == Settings ================================================================

# the Luas to build for and to test; `make test LUAS=lua5.4` for one of them
LUAS= lua5.1 lua5.2 lua5.3 lua5.4 luajit

# which specs, and what else busted is told
SPECS= spec
BUSTED_FLAGS=

# for `make tsan`: LuaJIT and ThreadSanitizer want the same addresses
TSAN_LUAS= lua5.4 lua5.1
TSAN_SPECS= spec/mailbox_spec.lua spec/parallel_spec.lua spec/loop_spec.lua \
	spec/engine_spec.lua spec/process_spec.lua

# which benchmarks; all when none is named
ROWS=

CC= gcc
CFLAGS= -O2 -g
CPPFLAGS=
LDFLAGS=
LIBFLAG= -shared
LIBS= -lcurl -lcrypto -lpthread

# for `install` and `uninstall`; what is not given is asked of $(LUA)
LUA= lua5.4
LUA_INCDIR=
PREFIX= /usr/local
DESTDIR=
LUA_VERSION= $(shell $(LUA) -e 'print((_VERSION:gsub("^Lua ", "")))')
INST_LUADIR= $(PREFIX)/share/lua/$(LUA_VERSION)
INST_LIBDIR= $(PREFIX)/lib/lua/$(LUA_VERSION)

# where a build goes, one folder per Lua
BUILD= build

# `make V=1` shows the whole command lines
V=

CWARNS= \
	-Wall \
	-Wextra \
	-Wpedantic \
	-Wshadow \
	-Wundef \
	-Wwrite-strings \
	-Wredundant-decls \
	-Wmissing-prototypes \
	-Wstrict-prototypes \
	-Wold-style-definition \
	-Wconversion \
	-Wsign-conversion \
	-Wcast-qual \
	-Wformat=2 \
	-Wvla \
	$(WERROR)
# the next ones are not on, for a reason
#	-Wdeclaration-after-statement \ # C99 declares at the first use
#	-Wswitch-default \              # hides an enum member left out of a switch
#	-Wpadded \                      # the layout of a struct is not a mistake
#	-Winline \                      # the compiler's choice is good enough

# `make lint` sets this; a user's newer compiler must not stop a build
WERROR=

# == Nothing to change below =================================================

SHELL= /bin/sh
export PATH := $(PATH):/usr/sbin:/sbin
.DEFAULT_GOAL= all
.DELETE_ON_ERROR:
.SUFFIXES:

SOURCES= $(sort $(wildcard src/*.c))
SETUP= @spec/support/setup.sh
AGAIN= @+$(MAKE) --no-print-directory
SAY= $(if $(V),,@echo "  $(1)  $@"; )

COMPILE= $(CC) -std=c99 $(CWARNS) $(CFLAGS) $(CPPFLAGS) \
	-fPIC -fvisibility=hidden -MMD -MP

# where the headers of the Lua named $(1) are, asked when a recipe runs
lua_cflags= $(if $(LUA_INCDIR),-I$(LUA_INCDIR),$$(pkg-config --cflags $(1)))

MODULES= $(LUAS:%=$(BUILD)/%/twitter/core.so)


all: ## build twitter.core for every Lua, into build/<lua>/twitter/core.so
	$(SETUP) build $(LUAS)
	$(AGAIN) modules

setup: ## install what building and testing need, where anything is missing
	$(SETUP) build test $(LUAS)

test: setup ## run the specs with every Lua
	$(AGAIN) modules
	@spec/support/test.sh $(BUILD) '$(LUAS)' $(SPECS) $(BUSTED_FLAGS)

browser: ## run the specs of the sign-in page in a real browser (chromium)
	$(SETUP) build test browser luajit
	$(AGAIN) modules LUAS=luajit
	@spec/support/test.sh $(BUILD) luajit spec/browser $(BUSTED_FLAGS)

lint: ## luacheck, both compilers with -Werror, cppcheck, clang-tidy, the rock
	$(SETUP) build test lint $(LUAS)
	$(AGAIN) modules
	@+MAKE='$(MAKE)' spec/support/lint.sh $(BUILD) '$(LUAS)'

asan: setup ## run the specs with AddressSanitizer, UBSan and leak checking
	$(AGAIN) modules
	@+MAKE='$(MAKE)' spec/support/asan.sh '$(LUAS)' $(SPECS) $(BUSTED_FLAGS)

valgrind: ## run the specs under valgrind's memcheck
	$(SETUP) build test valgrind $(LUAS)
	$(AGAIN) modules
	@+MAKE='$(MAKE)' spec/support/valgrind.sh '$(LUAS)' $(SPECS) $(BUSTED_FLAGS)

tsan: ## run the specs of the I/O thread, and chaos, with ThreadSanitizer
	$(SETUP) build test $(TSAN_LUAS)
	@+MAKE='$(MAKE)' spec/support/tsan.sh '$(TSAN_LUAS)' $(TSAN_SPECS) \
	  $(BUSTED_FLAGS)

chaos: ## threads and nginx workers under load, cancels, forks, kills: minutes
	$(SETUP) build test luajit
	$(AGAIN) modules LUAS=luajit
	@for script in spec/chaos/*.lua; do \
	  $(call with_lua,luajit) LUA=luajit BUILD=$(BUILD) luajit "$$script" || \
	  exit 1; done

bench: ## measure against bare libcurl and OpenSSL; writes build/bench.tsv
	$(SETUP) build test bench lua5.4 luajit
	$(AGAIN) modules benches LUAS='lua5.4 luajit'
	@$(call with_lua,lua5.4) lua5.4 spec/bench/run.lua $(ROWS)

sandbox: ## run a local stand-in for X until interrupted
	$(SETUP) build test lua5.4
	@$(call with_lua,lua5.4) lua5.4 spec/support/sandbox/main.lua

demo: ## sign in, post and upload against the sandbox; KEEP=1 leaves it running
	$(SETUP) build test lua5.4
	$(AGAIN) modules LUAS=lua5.4
	@$(call with_lua,lua5.4) KEEP='$(KEEP)' lua5.4 spec/demo.lua

install: ## install for $(LUA) below $(PREFIX), without LuaRocks
	$(SETUP) build $(if $(LUA_INCDIR),,$(filter lua5.% luajit,$(notdir $(LUA))))
	$(AGAIN) modules copy BUILD=build/install LUAS=$(notdir $(LUA))

uninstall: ## remove what install put there
	rm -f '$(DESTDIR)$(INST_LIBDIR)/twitter/core.so'
	cd lua && find twitter -name '*.lua' | while read -r file; do \
	  rm -f '$(DESTDIR)$(INST_LUADIR)'/"$$file"; done
	-cd lua && find twitter -depth -type d | while read -r folder; do \
	  rmdir '$(DESTDIR)$(INST_LUADIR)'/"$$folder" \
	        '$(DESTDIR)$(INST_LIBDIR)'/"$$folder"; done 2>/dev/null

media: ## draw the pictures and clips of spec/fixtures anew
	$(SETUP) media
	@spec/support/media.sh

clean: ## remove everything that was built
	rm -rf build

help: ## this list
	@sed -n 's/^\([a-z]*\):.*## \(.*\)/  make \1\t\2/p' $(MAKEFILE_LIST) | \
	  expand -t 18


modules: $(MODULES)

# $(1) is a Lua: its objects and its module. 'flags' changes with the command
# line, the compiler and the list of sources, and takes all objects with it.
define lua_rules
$(BUILD)/$(1)/flags: FORCE
	@mkdir -p $(BUILD)/$(1)/obj $(BUILD)/$(1)/twitter
	@{ echo "$$(COMPILE) $$(call lua_cflags,$(1)) $$(LIBFLAG) $$(LDFLAGS)"; \
	   echo '$$(LIBS) $$(SOURCES)'; $$(CC) --version; } > $$@.new
	@cmp -s $$@.new $$@ && rm -f $$@.new || mv -f $$@.new $$@

$(BUILD)/$(1)/obj/%.o: src/%.c $(BUILD)/$(1)/flags
	$$(call SAY,cc)$$(COMPILE) $$(call lua_cflags,$(1)) -c -o $$@ $$<

$(BUILD)/$(1)/twitter/core.so: $(SOURCES:src/%.c=$(BUILD)/$(1)/obj/%.o)
	$$(call SAY,ld)$$(CC) $$(LIBFLAG) $$(LDFLAGS) -o $$@ $$(filter %.o,$$^) $$(LIBS)

-include $(SOURCES:src/%.c=$(BUILD)/$(1)/obj/%.d)
endef
$(foreach lua,$(LUAS),$(eval $(call lua_rules,$(lua))))

# the environment in which $(1) finds the modules of this tree
with_lua= LUA_PATH='./lua/?.lua;./lua/?/init.lua;./spec/?.lua;;' \
	LUA_CPATH='./$(BUILD)/$(1)/?.so;;'

# the C programs that the benchmarks are measured against
benches: $(patsubst spec/bench/%.c,$(BUILD)/bench/%,$(wildcard spec/bench/*.c))

$(BUILD)/bench/%: spec/bench/%.c $(MAKEFILE_LIST)
	@mkdir -p $(@D)
	$(call SAY,cc)$(CC) -std=c99 $(CWARNS) $(CFLAGS) $(CPPFLAGS) -o $@ $< \
	  $(LDFLAGS) $(LIBS)

copy: $(MODULES)
	@mkdir -p '$(DESTDIR)$(INST_LIBDIR)/twitter'
	install -m 755 $(MODULES) '$(DESTDIR)$(INST_LIBDIR)/twitter/core.so'
	@cd lua && find twitter -type d | while read -r folder; do \
	  mkdir -p '$(DESTDIR)$(INST_LUADIR)'/"$$folder"; done
	cd lua && find twitter -name '*.lua' | while read -r file; do \
	  install -m 644 "$$file" '$(DESTDIR)$(INST_LUADIR)'/"$$file"; done

FORCE:

.PHONY: all setup test browser lint asan valgrind tsan chaos bench sandbox demo install uninstall \
	media clean help modules benches copy FORCE
