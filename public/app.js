// What makes the pages better with JavaScript; each of them works without. No markup is made from data here: a live part
// is replaced by the same part of the same page, as the server wrote it.

const period = 3000;

// Live parts: [data-live="name"]. The server marks a page on which nothing moves any more by leaving out [data-moving].
function keepLive() {
    const parts = () => [...document.querySelectorAll("[data-live]")];
    if (!parts().some((part) => part.hasAttribute("data-moving"))) return;
    let wait = period;
    const again = () => setTimeout(refresh, wait);
    async function refresh() {
        if (document.hidden || isBusy(parts())) return again();
        try {
            const answer = await fetch(location.href, { headers: { Accept: "text/html", "Batchport-Live": "1" }, cache: "no-store" });
            if (answer.redirected || !answer.ok) throw new Error(String(answer.status));
            replace(parts(), new DOMParser().parseFromString(await answer.text(), "text/html"));
            wait = period;
        } catch {
            wait = Math.min(wait * 2, 60000);
        }
        if (parts().some((part) => part.hasAttribute("data-moving"))) again();
    }
    again();
}

// Nobody loses what they are typing, marking or have opened.
function isBusy(parts) {
    const selection = getSelection();
    return parts.some((part) =>
        (part.contains(document.activeElement) && document.activeElement.matches("input, textarea, select"))
        || (!selection.isCollapsed && part.contains(selection.anchorNode))
        || part.querySelector("details[open], dialog[open], .tick input:checked"));
}

function replace(parts, fresh) {
    for (const part of parts) {
        const twin = fresh.querySelector(`[data-live="${CSS.escape(part.dataset.live)}"]`);
        if (!twin || twin.innerHTML === part.innerHTML) continue;
        const focused = part.contains(document.activeElement) ? document.activeElement.id : "";
        part.replaceWith(document.importNode(twin, true));
        if (focused) document.getElementById(focused)?.focus();
    }
    reveal();
    document.title = fresh.title;
    const top = document.querySelector("header.top");
    const state = fresh.querySelector("header.top")?.dataset.s;
    if (top && state) top.dataset.s = state;
}

// <button data-copy="id-of-an-element" hidden>: its text, to the clipboard. Hidden until here, since it does nothing else.
function reveal() {
    for (const button of document.querySelectorAll("[data-copy][hidden]")) button.hidden = false;
}

function copyOnClick() {
    reveal();
    document.addEventListener("click", async (event) => {
        const button = event.target.closest?.("[data-copy]");
        if (!button) return;
        const source = document.getElementById(button.dataset.copy);
        await navigator.clipboard.writeText(source.value ?? source.textContent.trim());
        const word = button.textContent;
        button.textContent = "Copied";
        setTimeout(() => { button.textContent = word; }, 1500);
    });
}

// <form data-confirm="Question?">: asked before it is sent.
function confirmOnSubmit() {
    document.addEventListener("submit", (event) => {
        const question = event.target.dataset.confirm;
        if (question && !confirm(question)) event.preventDefault();
    });
}

// .drop with a file input in it: files dropped there are as if chosen, on top of those chosen before.
function takeDrops() {
    for (const place of document.querySelectorAll(".drop")) {
        const input = place.querySelector("input[type=file]");
        if (!input) continue;
        place.addEventListener("dragover", (event) => { event.preventDefault(); place.classList.add("over"); });
        place.addEventListener("dragleave", () => place.classList.remove("over"));
        place.addEventListener("drop", (event) => {
            event.preventDefault();
            place.classList.remove("over");
            const all = new DataTransfer();
            for (const file of [...input.files, ...event.dataTransfer.files]) all.items.add(file);
            input.files = all.files;
            input.dispatchEvent(new Event("change", { bubbles: true }));
        });
    }
}

// A tab in the code's field indents; Escape first gives it back to the keyboard's order.
function indentInCode() {
    for (const area of document.querySelectorAll("textarea[data-code]")) {
        let isFree = false;
        area.addEventListener("keydown", (event) => {
            if (event.key === "Escape") isFree = true;
            else if (event.key === "Tab" && !event.shiftKey && !isFree) {
                event.preventDefault();
                area.setRangeText("    ", area.selectionStart, area.selectionEnd, "end");
            } else isFree = false;
        });
    }
}

// A select whose form knows how to show itself for the choice.
function followChoice() {
    document.querySelector("select[data-reload]")?.addEventListener("change", (event) => {
        event.target.form.querySelector("button[value=show]")?.click();
    });
}

// The failed cells of a map are one tab stop; arrow keys go to the nearest one that way.
function walkMap() {
    document.addEventListener("keydown", (event) => {
        const here = event.target.closest?.("svg[data-heat] a");
        const step = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] }[event.key];
        if (!here || !step) return;
        const place = (cell) => ["x", "y"].map((name) => Number(cell.firstElementChild.getAttribute(name)));
        const [x, y] = place(here);
        const cells = [...here.closest("svg").querySelectorAll("a")].filter((cell) => cell !== here);
        const far = (cell) => {
            const [dx, dy] = [place(cell)[0] - x, place(cell)[1] - y];
            const along = dx * step[0] + dy * step[1];
            return along > 0 ? along + 3 * Math.abs(dx * step[1] + dy * step[0]) : Infinity;
        };
        const next = cells.reduce((best, cell) => (far(cell) < (best ? far(best) : Infinity) ? cell : best), null);
        if (!next) return;
        event.preventDefault();
        here.setAttribute("tabindex", "-1");
        next.setAttribute("tabindex", "0");
        next.focus();
    });
}

// <body data-idle="3600">: the seconds after which a session ends that nobody uses. Looking for news is no use of it.
function warnBeforeSignOut() {
    const idle = Number(document.body.dataset.idle);
    if (!idle) return;
    const ahead = Math.max(60, Math.min(300, idle / 3));
    const [note, words, stay] = ["div", "span", "button"].map((kind) => document.createElement(kind));
    Object.assign(note, { className: "note idle", hidden: true });
    note.dataset.s = "warn";
    note.setAttribute("role", "status");
    Object.assign(stay, { type: "button", className: "btn small", textContent: "Stay signed in" });
    note.append(words, stay);
    document.querySelector("main")?.prepend(note);
    let used = Date.now();
    const look = () => {
        const left = idle - (Date.now() - used) / 1000;
        note.hidden = left > ahead;
        stay.hidden = left <= 0;
        const text = left > 0 ? `You are signed out in ${Math.ceil(left / 60)} min unless you use Batchport before. `
            : "You are signed out. What you typed, passwords and keys apart, is kept if you send it: sign in again and go on.";
        if (words.textContent !== text) words.textContent = text;
        setTimeout(look, 5000);
    };
    stay.addEventListener("click", async () => {
        const answer = await fetch(location.href, { method: "HEAD", cache: "no-store" });
        if (answer.ok && !answer.redirected) { used = Date.now(); note.hidden = true; }
    });
    look();
}

document.querySelector(".errs")?.focus();
warnBeforeSignOut();
followChoice();
keepLive();
copyOnClick();
confirmOnSubmit();
takeDrops();
indentInCode();
walkMap();
