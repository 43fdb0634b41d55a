const htmlEntities: Record<string, string> = {
	'&': '&amp;',
	'<': '&lt;',
	'>': '&gt;',
	'"': '&quot;',
	"'": '&#39;',
};

/** HTML that may stand in a page as it is. Only `html` makes it, so nothing in it is unescaped. */
export class Html {
	private constructor(readonly text: string) {}

	/** A template whose values are escaped, attributes included; see `html`. */
	static build(strings: TemplateStringsArray, ...values: unknown[]): Html {
		const parts = strings.map((text, index) => text + renderValue(values[index]));
		return new Html(parts.join(''));
	}
}

function renderValue(value: unknown): string {
	if (value === undefined || value === null || value === false) return '';
	if (value instanceof Html) return value.text;
	if (Array.isArray(value)) return value.map(renderValue).join('');
	return String(value).replace(/[&<>"']/g, (character) => htmlEntities[character]);
}

/**
 * A template of HTML. Every value is escaped, but for HTML made by this same function; lists are
 * joined, and `undefined`, `null` and `false` leave nothing.
 */
export const html = Html.build;

/** An amount in major units, as a person reads it. */
export function formatMoney(amount: number, currency: string): string {
	try {
		return new Intl.NumberFormat('en', { style: 'currency', currency }).format(amount);
	} catch {
		return `${amount.toFixed(2)} ${currency}`;
	}
}

const dateFormat = new Intl.DateTimeFormat('en', { dateStyle: 'medium' });
const timeFormat = new Intl.DateTimeFormat('en', { timeStyle: 'medium', hourCycle: 'h23' });

/** A time of today as hours, minutes and seconds, any other as a date; in ms since 1970. */
export function formatTime(timeMs: number, nowMs = Date.now()): Html {
	const isToday = dateFormat.format(timeMs) === dateFormat.format(nowMs);
	const text = (isToday ? timeFormat : dateFormat).format(timeMs);
	return html`<time datetime="${new Date(timeMs).toISOString()}">${text}</time>`;
}
