/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The live view: owns the terminal and keeps what is shown. Fed with
 * snapshots and keys, yields a screen and actions.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "view/live_draw.h"
#include "view/live_panel.h"
#include "view/live_put.h"
#include "view/screen.h"
#include "view/view.h"

/* Last: its macros have names like "columns" and "lines". */
#include <term.h>

/* How long a lone Esc waits for the rest of an escape sequence. */
#define ESCAPE_MS 25

struct live {
	SCREEN *screen;
	int out;
	bool utf8;
	char message[200];
	struct live_state state;
	struct live_frame frame;
	struct layout layout;
};

/* ncurses has one current screen; exit() finds it here. */
static struct live *current;

static void restore_terminal(void)
{
	if (current && !isendwin())
		endwin();
}

/* Whether the terminal's type is known and can place its cursor; asks only
 * the data base, writes nothing. */
static bool is_capable(int fd)
{
	int known;
	const char *place;
	bool capable;

	if (setupterm(NULL, fd, &known) != OK)
		return false;
	place = tigetstr("cup");
	capable = place && place != (const char *)-1;
	del_curterm(cur_term); /* newterm makes its own */
	return capable;
}

static void redraw(struct live *live)
{
	const struct live_screen screen = {
		.frame = &live->frame,
		.state = &live->state,
		.layout = &live->layout,
		.message = live->message,
		.utf8 = live->utf8,
	};

	live_draw__all(&screen);
}

int live__new(FILE *in, FILE *out, struct live **to)
{
	static bool registered;
	struct live *live;

	if (current)
		return -EBUSY;
	if (!isatty(fileno(in)) || !isatty(fileno(out)))
		return -ENOTTY;
	if (!is_capable(fileno(out)))
		return -ENOTSUP;
	if (!registered && atexit(restore_terminal) != 0)
		return -ENOMEM;
	registered = true;
	live = calloc(1, sizeof(*live));
	if (!live)
		return -ENOMEM;
	live->screen = newterm(NULL, out, in);
	if (!live->screen) {
		free(live);
		return -ENOTSUP;
	}
	live->out = fileno(out);
	live->utf8 = view__utf8();
	current = live;
	set_escdelay(ESCAPE_MS);
	cbreak();
	noecho();
	nonl();
	keypad(stdscr, TRUE);
	nodelay(stdscr, TRUE);
	curs_set(0);
	live_put__init();
	*to = live;
	return 0;
}

void live__free(struct live *live)
{
	if (!live)
		return;
	restore_terminal();
	current = NULL;
	delscreen(live->screen);
	live_frame__free(&live->frame);
	free(live);
}

int live__draw(struct live *live, const struct snapshot *snap)
{
	bool other = snap->by != live->frame.by;
	int err;

	if (live->state.paused)
		return 0;
	err = live_frame__build(&live->frame, snap, live->utf8);
	if (err)
		return err;
	if (other)
		live_state__new_columns(&live->state);
	live_state__apply(&live->state, &live->frame.table,
			  &live->frame.details);
	redraw(live);
	return 0;
}

/* Keys without a meaning here, and KEY_RESIZE, by which resizeterm tells of
 * itself, are not taken for the key that closes the help. */
#define NOT_FOR_US (-1)

static int special(int key)
{
	switch (key) {
	case KEY_UP:
		return LIVE_KEY_UP;
	case KEY_DOWN:
		return LIVE_KEY_DOWN;
	case KEY_PPAGE:
		return LIVE_KEY_PAGE_UP;
	case KEY_NPAGE:
		return LIVE_KEY_PAGE_DOWN;
	case KEY_HOME:
		return LIVE_KEY_HOME;
	case KEY_END:
		return LIVE_KEY_END;
	case KEY_LEFT:
		return LIVE_KEY_LEFT;
	case KEY_RIGHT:
		return LIVE_KEY_RIGHT;
	case '\r':
	case '\n':
	case KEY_ENTER:
		return LIVE_KEY_ENTER;
	case '\b':
	case 0x7f:
	case KEY_BACKSPACE:
		return LIVE_KEY_BACKSPACE;
	case 0x1b:
		return LIVE_KEY_ESCAPE;
	default:
		return key < 0x100 ? key : NOT_FOR_US;
	}
}

enum live_action live__key(struct live *live)
{
	int key = getch();
	enum live_action action;
	enum live_panel panel;

	if (key == ERR)
		return LIVE_NONE;
	key = special(key);
	if (key == NOT_FOR_US)
		return LIVE_HANDLED;
	live->message[0] = '\0';
	panel = live->state.panel;
	action = live_state__key(&live->state, key, &live->frame.table,
				 &live->frame.details, &live->layout);
	if (action == LIVE_NEXT_BY && live->state.paused) {
		live__message(live, "Paused: press p to go on before grouping "
				    "by something else.");
		return LIVE_HANDLED;
	}
	live_state__apply(&live->state, &live->frame.table,
			  &live->frame.details);
	if (live->state.panel != panel)
		live__message(live,
			      live_panel__why_not(&live->frame, &live->state));
	else
		redraw(live);
	return action;
}

void live__resize(struct live *live)
{
	struct winsize size;

	if (ioctl(live->out, TIOCGWINSZ, &size) == 0 && size.ws_row > 0 &&
	    size.ws_col > 0)
		resizeterm(size.ws_row, size.ws_col);
	redraw(live);
}

void live__message(struct live *live, const char *text)
{
	snprintf(live->message, sizeof(live->message), "%s", text ? text : "");
	redraw(live);
}
