// The explorer of convlab.draw: a kernel slides over an input, and each sum is written out. It may stand on a page
// several times: it leaves no global name, stores nothing and asks no server.
const GIVEN = "GIVEN"; // _explorer.py puts the limits and a gradient to start from here
const { abs, floor, max, min } = Math;
const NAMES = { forward: ["input", "output"], backward: ["grad_output", "grad_input"] };
const fail = (text) => {
	throw Error(text);
};

// Numbers and settings as text

const number = (value) => {
	let text = String(value);
	if (!Number.isInteger(value))
		text = abs(value) < 5e-5 ? value.toExponential(3).replace(/\.?0+e/, "e") : String(+value.toFixed(4));
	return text.replaceAll("-", "−");
};
const parse = (text) => {
	const value = Number(text.trim().replace("−", "-") || NaN), most = GIVEN.number;
	return abs(value) <= most ? value : fail(`“${text}” is not a number from −${most} to ${most}.`);
};
const integers = (text) => text.split(",").map(Number);

function read(text) {
	const given = new URLSearchParams(text.slice(text.indexOf("#") + 1).trim());
	const word = (name, form, other = "") => {
		const value = given.get(name) ?? other;
		return form.test(value) ? value : fail(`These are no settings: ${name}=${value}`);
	};
	const axes = +word("axes", /^[12]$/), whole = /^[1-9]\d?(,[1-9]\d?)?$/;
	const grid = (name, most = GIVEN.input) => {
		const rows = word(name, /./).split(";").map((row) => row.split(",").map(parse)), across = rows[0].length;
		if (rows.some((row) => row.length !== across) || (axes < 2 && rows[1]) || max(rows.length, across) > most[axes - 1])
			fail(`${name} must have rows of one length, at most ${most[axes - 1]}.`);
		return rows;
	};
	return {
		axes,
		input: grid("input"),
		weight: grid("weight", GIVEN.weight),
		...(given.has("grad_output") && { grad_output: grid("grad_output", GIVEN.padded) }),
		stride: word("stride", whole, "1"),
		padding: word("padding", /^(same|full|\d\d?(,\d\d?(;\d\d?,\d\d?)?)?)$/, "0"),
		dilation: word("dilation", whole, "1"),
		mode: word("mode", /^(for|back)ward$/, "forward"),
		flip: word("flip", /^[01]$/, "0"),
		at: word("at", /^\d+(,\d+)?$/, "0"),
	};
}
const write = (state) =>
	Object.entries(state).map(([name, value]) => `${name}=${Array.isArray(value) ? value.join(";") : value}`).join("&");

// What is computed. A signal is an image of one row.

const each = ([rows, columns], visit) => {
	for (let y = 0; y < rows; y++) for (let x = 0; x < columns; x++) visit([y, x]);
};

function slide(state) {
	const { axes, padding, input, weight } = state, back = state.mode === "backward", reversed = back !== (state.flip === "1");
	const both = ([first, second = first]) => (axes < 2 ? [1, first] : [first, second]);
	const size = [input.length, input[0].length], kernel = [weight.length, weight[0].length];
	const stride = both(integers(state.stride)), dilation = both(integers(state.dilation));
	const span = kernel.map((k, a) => dilation[a] * (k - 1) + 1);
	if (padding === "same" && max(...stride) > 1) fail("Padding “same” needs stride 1, as in torch.");
	const [first, second = first] = padding.split(";").map(integers);
	const pads = span.map((n, a) =>
		padding === "full" ? [n - 1, n - 1]
		: padding === "same" ? [(n - 1) >> 1, n >> 1] // torch: the odd zero at the end
		: axes + a < 2 ? [0, 0]
		: [...[first, second][a], ...first].slice(0, 2));
	const padded = size.map((n, a) => n + pads[a][0] + pads[a][1]), most = GIVEN.padded[axes - 1];
	const shape = padded.map((n, a) => floor((n - span[a]) / stride[a]) + 1);
	const long = (pair) => pair.slice(-axes).join(" × ");
	if (min(...shape) < 1) fail(`The kernel spans ${long(span)}: it does not fit into the padded input, ${long(padded)}.`);
	if (max(...padded) > most) fail(`The padded input would be ${long(padded)}: ${most} is the most that fits here.`);

	const ends = back ? shape : size, goal = back ? size : shape, old = state.grad_output, { gradient } = GIVEN;
	const rows = (n, make) => Array.from({ length: n }, (_, i) => make(i));
	if (back)
		state.grad_output = rows(shape[0], (y) => rows(shape[1], (x) => old?.[y]?.[x] ?? gradient[(5 * y + x) % gradient.length]));
	const array = state[NAMES[state.mode][0]], places = [];
	each(goal, (at) => {
		const terms = [];
		each(kernel, (spot) => {
			// A gradient comes back through a tap to where the tap read: seen from there the kernel lies the other way.
			const place = reversed ? spot.map((i, a) => kernel[a] - 1 - i) : spot, factor = weight[place[0]][place[1]];
			const source = spot.map((i, a) =>
				back ? (at[a] + pads[a][0] - (kernel[a] - 1 - i) * dilation[a]) / stride[a] : at[a] * stride[a] - pads[a][0] + i * dilation[a]);
			const found = array[source[0]]?.[source[1]], held = found ?? 0; // nothing at halves and outside
			terms.push({ spot, place, source, held, factor, product: held * factor, used: !back || found !== undefined });
		});
		const used = terms.filter((term) => term.used);
		const add = (of) => used.reduce((sum, term) => sum + of(term.product), 0), total = add(Number);
		// What is left of numbers that cancel (0.1 + 0.2 − 0.3 in binary) counts as 0.
		places.push({ at, terms, used, total: abs(total) <= 4 * Number.EPSILON * add(abs) ? 0 : total });
	});
	const unread = (index) => !back && index.some((i, a) => i + pads[a][0] >= (shape[a] - 1) * stride[a] + span[a]);
	return { size, kernel, stride, dilation, span, pads, padded, back, reversed, ends, goal, unread, places };
}

// What is shown

const BODY = `<div class="stage" tabindex="0" role="group" aria-label="window"></div>
<p class="sum" aria-live="polite"></p><p class="note"></p>
<p class="row"><button data-do="back">‹ Back</button><button data-do="play"></button><button data-do="next">Next ›</button>
<span class="count"></span></p><p class="row">
<label>direction<select name="mode"><option value="forward">forward: output<option value="backward">backward: gradient of input</select></label>
<label>stride<select name="stride"><option>1<option>2<option>3</select></label>
<label>padding<select name="padding"><option>0<option>1<option>2<option>3<option>same<option>full</select></label>
<label>dilation<select name="dilation"><option>1<option>2<option>3</select></label>
<label>kernel<select name="flip"><option value="0">as it is<option value="1">flipped</select></label></p>
<p class="note">Arrow keys step, space plays. Click a result to go there, another number to change it.</p>
<details><summary>Share or reset</summary><p class="row"><label class="wide">settings: copy them, or paste others and press Enter
<input name="text" autocomplete="off"></label><button data-do="copy">Copy</button><button data-do="reset">Reset</button>
<span class="said" role="status"></span></p></details>`;

function mount(host) {
	const root = document.createElement("div"), find = (what) => root.querySelector(what);
	root.className = "card";
	root.innerHTML = BODY;
	const stage = find(".stage"), tell = (where, text) => (find(where).textContent = text);
	const stops = { source: "0,0", weight: "0,0" }; // one cell of each array is in the tab order
	let state = read(host.dataset.settings), now, wrong, last, far, timer;

	const entry = (name, index) => `${name}[${index.slice(-state.axes).map(number).join(", ")}]`;
	const area = (y, x) => `grid-area:${y}/${x};`;
	const paint = ({ used, place: [y, x] }) =>
		used ? `background:var(--tap${now.kernel[0] * now.kernel[1] > 9 ? "" : y * now.kernel[1] + x});` : "";
	const span = (looks, style = "", text = "", key = "") => `<span class="${looks}" data-key="${key}" style="${style}">${text}</span>`;
	const field = (group, index, value, looks, style, name) =>
		`<input class="cell ${looks}" data-key="${group} ${index}" tabindex="${stops[group] === `${index}` ? 0 : -1}"
			aria-label="${entry(name, index)}" value="${number(value)}" style="${style}">`;

	function picture() {
		const { at, terms, used, total } = now.places[last], { back, pads, ends, goal, kernel } = now, flat = state.axes < 2;
		const [from, to] = NAMES[state.mode], before = back ? [0, 0] : pads.map(([n]) => n), all = back ? ends : now.padded;
		const read = new Map(used.map((term) => [`${term.source}`, paint(term)]));
		// As wide as the longest number of any place, so that nothing moves but the window.
		const longest = (list) => max(...list.flat(2).map((value) => number(value).length));
		const products = now.places.map((place) => place.terms.map((term) => term.product)), totals = now.places.map((place) => place.total);
		const shape = (pair) => ` <i>(${flat ? `${pair[1]},` : pair.join(", ")})</i>`;
		const index = (y, x, i, key) => span(`index ${key ? "glide" : ""}`, area(y, x), number(i), key);
		const frame = (y, x) => {
			const [[top, bottom], [left, right]] = [y, x].map((line, a) => {
				const lines = used.map(({ source }) => line(source[a]));
				return [min(...lines), max(...lines) + 1];
			});
			return used[0] ? span("frame glide", `grid-area:${top}/${left}/${bottom}/${right}`, "", "frame") : "";
		};
		const source = (i, where) => {
			const idle = now.unread(i) ? "idle" : "", style = where + (read.get(`${i}`) ?? ""), value = state[from][i[0]]?.[i[1]];
			return value === undefined ? span(`cell outside ${idle}`, style, 0) : field("source", i, value, idle, style, from);
		};
		const tap = (term, where) =>
			field("weight", term.place, term.factor, `glide ${term.used ? "" : "idle"}`, where + paint(term), "weight");
		const result = (order, where) => {
			const text = order > far ? "" : number(now.places[order].total);
			return `<button class="cell ${order === last ? "result" : ""}" data-key="goal ${order}" tabindex="-1"
				aria-label="${entry(to, now.places[order].at)}: ${text || "not computed yet"}" style="${where}">${text}</button>`;
		};
		let html = "";

		if (flat) {
			// A column for each index of the input; four bands of name, signs, cells and indices.
			const [, step] = now.stride, [, gap] = now.dilation, [, [pad, after]] = pads;
			const low = back ? min(-pad, 1 - now.span[1]) : -pad, column = (i) => i - low + 2, output = (i) => column(i * step - pad);
			const [over, under] = back ? [output, column] : [column, output], into = under(at[1]);
			[from + shape(ends), "weight" + shape(kernel), "products", to + shape(goal)].forEach((name, band) =>
				(html += span("name", `--band:${band}`, name)));
			for (let i = -before[1]; i < all[1] - before[1]; i++) html += source([0, i], area(3, over(i))) + index(4, over(i), i);
			html += frame(() => 3, over);
			let previous = 0;
			for (const term of terms) {
				const k = term.place[1], x = into + (term.spot[1] - (back ? kernel[1] - 1 : 0)) * gap;
				html += tap(term, area(7, x)) + index(8, x, k, `index ${k}`);
				if (!term.used) continue;
				html += span("sign glide", area(6, x), "×", `× ${k}`) + span("sign glide", area(10, x), "=", `= ${k}`);
				const style = `${area(11, x)}${paint(term)}--gap:${x - previous - 1}`;
				html += span(`cell glide ${previous ? "plus" : ""}`, style, number(term.product), `product ${k}`);
				previous = x;
			}
			const end = max(previous, into);
			html += span("sign glide last", "", "=", "=") + span("total glide", "", number(total), "total");
			html += span("last down") + span("last") + span("into");
			now.places.forEach((_, i) => (html += result(i, area(15, under(i))) + index(16, under(i), i)));
			return `<div class="flat" style="--cell:max(${longest([state[from], state.weight, totals])}ch + 10px,${longest(products)}ch + var(--room));--columns:${now.size[1] + after - low};--into:${into};--end:${end + 1}">${html}</div>`;
		}

		const block = (sign, name, body, values = state[from]) => `<div class="block" data-sign="${sign}"><div><b class="name">${name}</b>
			<div class="grid" style="--cell:calc(${longest(values)}ch + 10px)">${body}</div></div></div>`;
		const grid = (pair, label, cell) => {
			let body = "";
			pair.forEach((n, a) => {
				for (let i = 0; i < n; i++) body += index(a ? 1 : i + 2, a ? i + 2 : 1, label(i, a));
			});
			each(pair, ([y, x]) => (body += cell([y, x], area(y + 2, x + 2))));
			return body;
		};
		const spots = (text) => terms.map((term) => span(`cell ${term.used ? "" : "idle"}`,
			area(...term.spot.map((i) => i + 2)) + paint(term), term.used ? number(text(term)) : "")).join("");
		const [top, side] = before, name = now.reversed ? "weight, flipped" : "weight" + shape(kernel);
		const sources = grid(all, (i, a) => i - before[a], ([y, x], where) => source([y - top, x - side], where));
		return `<div class="blocks">${
			block("", from + shape(ends), sources + frame((y) => y + top + 2, (x) => x + side + 2)) +
			block("→", to + shape(goal), grid(goal, (i) => i, ([y, x], where) => result(y * goal[1] + x, where)), totals)
		}<div class="break"></div>${
			block("", back ? "gradients" : "window", spots((term) => term.held)) +
			block("×", name, grid(kernel, (i, a) => (now.reversed ? kernel[a] - 1 - i : i),
				([y, x], where) => tap(terms[y * kernel[1] + x], where)), state.weight) +
			block("=", "products", spots((term) => term.product), products) +
			block("=", "sum", span("total", area(2, 1), number(total)), totals)
		}</div>`;
	}

	function sentence() {
		const { at, used, total } = now.places[last], few = used.length < 10;
		const closed = (value) => (value < 0 ? `(${number(value)})` : number(value)), list = (text) => used.map(text).join(" + ");
		const sides = [entry(NAMES[state.mode][1], at), number(total)];
		if (used[1]) sides.splice(1, 0, few ? list((term) => closed(term.product)) : `the sum of ${used.length} products`);
		if (used[0] && few) sides.splice(1, 0, list((term) => `${closed(term.held)}\xa0×\xa0${closed(term.factor)}`));
		return sides.join(" = ");
	}

	function note() {
		const { at, used } = now.places[last];
		const hatched = (what) => (find(".idle") ? ` Hatched: ${what}.` : ""), times = (n) => (n > 1 ? `·${n}` : "");
		if (now.back) {
			const readers = used.map(({ source }) => entry("output", source)).join(", ") || "no output";
			return `${entry("input", at)} was read by ${used[6] ? `${used.length} outputs` : readers}.${hatched("taps through which none read it")}`;
		}
		const lines = at.map((i, a) => {
			const turn = now.reversed, shift = (turn && now.span[a] - 1) - now.pads[a][0], sign = (less) => (less ? " − " : " + ");
			return i + times(now.stride[a]) + (shift ? sign(shift < 0) + abs(shift) : "") + sign(turn) + "ijk"[a + (state.axes < 2)] + times(now.dilation[a]);
		});
		return `${entry("output", at)} reads input[${lines.slice(-state.axes).join(", ")}].${hatched("no window reads it")}`;
	}

	function show() {
		const pieces = () => [...stage.querySelectorAll(".glide")].map((piece) => [piece.dataset.key, piece.getBoundingClientRect(), piece]);
		const old = new Map(pieces()), key = host.shadowRoot?.activeElement?.dataset.key;
		stage.innerHTML = now ? picture() : "";
		if (key) find(`[data-key="${key}"]`)?.focus();
		const box = find(".frame")?.getBoundingClientRect(), view = stage.getBoundingClientRect();
		const left = view.x + (view.width > 520 ? 110 : 6);
		if (box && (box.x < left || box.right > view.right)) stage.scrollLeft += box.x - left;
		if (!matchMedia("(prefers-reduced-motion:reduce)").matches)
			for (const [key, box, piece] of pieces()) {
				const { x, y } = old.get(key) ?? box;
				piece.animate([{ transform: `translate(${x - box.x}px,${y - box.y}px)` }, {}], { duration: 250, easing: "ease-out" });
			}
		find(".sum").ariaLive = timer ? "off" : "polite";
		tell(".sum", now ? sentence() : wrong);
		tell(".note", now ? note() : "");
		tell(".count", now ? `place ${last + 1} of ${now.places.length}` : "");
		tell("[data-do=play]", timer ? "Pause" : "Play");
		for (const list of root.querySelectorAll("select")) {
			const value = state[list.name];
			list.value = value;
			if (!list.value) list.add(new Option(value, value, true, true));
		}
		find("[name=text]").value = `#explore=${host.dataset.key}&${write(state)}`;
	}

	// What can be done

	const pause = () => (timer = clearInterval(timer));
	const where = (order) => `${now.places[order].at.slice(-state.axes)}`;
	function go(order) {
		if (!now) return;
		const end = now.places.length - 1;
		last = max(0, min(order, end));
		far = max(far, last);
		state.at = where(last);
		if (last === end) pause();
		show();
	}
	function renew(keep) {
		try {
			now = slide(state);
			last = max(0, now.places.findIndex((_, i) => where(i) === state.at));
			far = keep ? max(far, last) : last;
			state.at = where(last);
		} catch (error) {
			now = pause();
			wrong = error.message;
		}
		show();
	}
	const open = (text) => {
		const next = read(text);
		slide(next);
		pause();
		state = next;
		renew();
	};
	const attempt = async (what, done) => {
		try {
			await what();
			tell(".said", done);
		} catch (error) {
			tell(".said", error.message);
		}
	};
	const actions = {
		back: () => go(last - 1, pause()),
		next: () => go(last + 1, pause()),
		play() {
			if (timer || !now) return show(pause());
			if (last === now.places.length - 1) last = far = -1;
			timer = setInterval(() => (host.isConnected ? go(last + 1) : pause()), 1100);
			go(last + 1);
		},
		reset: () => open(host.dataset.settings),
		copy: () => attempt(() => {
			// In JupyterLab the address is not that of this page.
			const page = document.getElementById("jupyter-config-data") ? "" : location.href.split("#")[0];
			find("[name=text]").select();
			return navigator.clipboard.writeText(page + find("[name=text]").value);
		}, "Copied."),
	};

	const listen = (kind, what) =>
		root.addEventListener(kind, (event) => what(event.target, event, ...(event.target.dataset.key?.split(" ") ?? [])));
	listen("click", (target, event, group, index) => (group === "goal" ? go(+index, pause()) : actions[target.dataset.do]?.()));
	listen("focusin", (target, event, group, index) => {
		if (!stops[group]) return;
		stops[group] = index;
		target.select();
	});
	listen("change", (target, event, group, index) => {
		const { name, value } = target;
		if (name === "text") attempt(() => open(value), "Opened.");
		else if (name) {
			state[name] = value;
			pause();
			renew();
		} else if (stops[group])
			try {
				const [y, x] = integers(index), array = group === "weight" ? group : NAMES[state.mode][0];
				state[array][y][x] = parse(value);
				pause();
				setTimeout(renew, 0, true); // when the focus is where it is going
			} catch (error) {
				target.ariaInvalid = "true";
				tell(".sum", error.message);
			}
	});
	listen("keydown", (target, event, group, index) => {
		const { key } = event, by = { ArrowLeft: [0, -1], ArrowRight: [0, 1], ArrowUp: [-1, 0], ArrowDown: [1, 0] }[key];
		if (!now || event.ctrlKey || event.metaKey || event.altKey) return;
		if (stops[group]) {
			const turn = group === "weight" && now.reversed ? -1 : 1;
			if (key === "Enter") stage.focus();
			else if (by) find(`input[data-key="${group} ${integers(index).map((i, a) => i + turn * by[a])}"]`)?.focus();
			else return;
		} else if (target.matches("select,input,summary")) return;
		else if (by) go(last + by[0] * now.goal[1] + by[1], pause());
		else if (key === "Home" || key === "End") go(key === "Home" ? 0 : Infinity, pause());
		else if (key === " " && !target.dataset.do) actions.play();
		else return;
		event.preventDefault();
	});

	const sheet = document.createElement("style");
	sheet.textContent = host.querySelector("style").textContent;
	host.attachShadow({ mode: "open" }).append(sheet, root);
	host.dataset.lmSuppressShortcuts = "true"; // or JupyterLab takes what is typed for its own shortcuts
	renew();
	const visit = () => {
		if (location.hash.startsWith(`#explore=${host.dataset.key}&`))
			attempt(() => open(location.hash), "Opened.").then(() => host.scrollIntoView());
	};
	addEventListener("hashchange", visit);
	visit();
}

for (const host of document.querySelectorAll(".convlab-explorer")) if (!host.shadowRoot) mount(host);
