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
export function Time({ ms }: { ms: number }) {
	const isToday = dateFormat.format(ms) === dateFormat.format(Date.now());
	const text = (isToday ? timeFormat : dateFormat).format(ms);
	return <time dateTime={new Date(ms).toISOString()}>{text}</time>;
}
