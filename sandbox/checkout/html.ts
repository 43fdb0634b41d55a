import { roundToCents } from '../money';

const htmlEntities: Record<string, string> = {
	'&': '&amp;',
	'<': '&lt;',
	'>': '&gt;',
	'"': '&quot;',
	"'": '&#39;',
};

/** Text made safe to stand in HTML, attributes included. */
export const escapeHtml = (text: string) =>
	text.replace(/[&<>"']/g, (character) => htmlEntities[character]);

const style = `
:root{color-scheme:light;font-family:system-ui,-apple-system,"Segoe UI",sans-serif}
body{margin:0;min-height:100vh;display:grid;place-items:center;background:#f3f4f7;color:#1b1d23}
main{width:min(26rem,calc(100vw - 2rem));background:#fff;border:1px solid #e3e5ea;
border-radius:14px;padding:2rem;box-sizing:border-box;box-shadow:0 8px 30px rgba(20,24,40,.06)}
.store{margin:0 0 1.25rem;color:#676c79;font-size:.9rem;display:flex;justify-content:space-between}
.mode{background:#fff3d6;color:#7a5600;border-radius:99px;padding:.1rem .6rem;font-size:.75rem}
h1{font-size:1.3rem;margin:0 0 .35rem}p{margin:.35rem 0}
.about{color:#676c79}.price{font-size:1.7rem;font-weight:650;margin:1rem 0 .25rem}
.price s{font-size:1rem;font-weight:400;color:#8a8f9b;margin-left:.4rem}
.note{font-size:.85rem;color:#1a7f4b}.bad{font-size:.85rem;color:#b3261e}
label{display:block;font-size:.85rem;margin:1.4rem 0 .35rem}
input{width:100%;box-sizing:border-box;font:inherit;padding:.65rem .75rem;border:1px solid #cdd1d9;
border-radius:9px}
button{font:inherit;width:100%;padding:.75rem;border-radius:9px;border:0;cursor:pointer}
.pay{margin-top:1.1rem;background:#2b4bff;color:#fff;font-weight:600}
.cancel{margin-top:.5rem;background:none;color:#676c79}
`;

/** A whole page around some HTML; only pages of the test mode say which mode they are of. */
export function renderPage(
	storeName: string,
	title: string,
	content: string,
	mode?: string,
): string {
	const store = escapeHtml(storeName);
	const badge = mode === 'test' ? '<span class="mode" data-test="mode">Test mode</span>' : '';
	return `<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${escapeHtml(title)} · ${store}</title>
<link rel="icon" href="data:,">
<style>${style}</style>
</head>
<body>
<main>
<p class="store"><span data-test="store">${store}</span>${badge}</p>
${content}
</main>
</body>
</html>
`;
}

/** An amount in major units, as a buyer reads it. */
function formatMoney(amount: number, currency: string): string {
	try {
		return new Intl.NumberFormat('en', { style: 'currency', currency }).format(amount);
	} catch {
		return `${amount.toFixed(2)} ${currency}`;
	}
}

/** What the page shows of a purchase; amounts in major units. */
export interface Bill {
	readonly name: string;
	readonly description: string;
	readonly currency: string;
	readonly fullPrice: number;
	readonly price: number;
	readonly tax: number;
	/** How often it is charged, in words; empty for a single charge. */
	readonly interval: string;
	/** The code in the session, if any. */
	readonly discountCode?: string;
	readonly isDiscountValid: boolean;
}

function renderDiscountNote({ discountCode: code, isDiscountValid }: Bill): string {
	if (!code) return '';
	return isDiscountValid
		? `<p class="note" data-test="discount">Discount ${escapeHtml(code)} applied</p>`
		: `<p class="bad" data-test="discount-invalid">Discount ${escapeHtml(code)} is not valid</p>`;
}

/** The bill, the form that pays it, and the button that does not. */
export function renderForm(sessionId: string, bill: Bill, email: string, problem: string): string {
	const id = escapeHtml(sessionId);
	const format = (amount: number) => escapeHtml(formatMoney(amount, bill.currency));
	const total = format(roundToCents(bill.price + bill.tax));
	const fullPrice = bill.price === bill.fullPrice ? '' : `<s>${format(bill.fullPrice)}</s>`;
	const tax = bill.tax > 0 ? `<p class="about">including ${format(bill.tax)} tax</p>` : '';
	return `<h1 data-test="product">${escapeHtml(bill.name)}</h1>
<p class="about">${escapeHtml(bill.description)}</p>
<p class="price">
<span data-test="price">${total}</span>${escapeHtml(bill.interval)}${fullPrice}
</p>
${tax}${renderDiscountNote(bill)}
<form method="post" action="/checkout/pay" data-test="form">
<input type="hidden" name="session" value="${id}">
<label for="email">E-mail</label>
<input id="email" name="email" type="email" required autocomplete="email" data-test="email"
value="${escapeHtml(email)}">
${problem && `<p class="bad" data-test="problem">${escapeHtml(problem)}</p>`}
<button class="pay" type="submit" data-test="pay">Pay ${total}</button>
</form>
<form method="post" action="/checkout/cancel">
<input type="hidden" name="session" value="${id}">
<button class="cancel" type="submit" data-test="cancel">Cancel</button>
</form>`;
}
