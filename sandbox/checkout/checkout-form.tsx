import { roundToCents } from '../money';
import { ProductArt } from '../pages/art';
import { formatMoney } from '../pages/format';

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
	readonly discountCode?: string;
	readonly isDiscountValid: boolean;
}

function DiscountNote({ discountCode: code, isDiscountValid }: Bill) {
	if (!code) return null;
	if (!isDiscountValid) {
		return (
			<p class="bad-note" data-test="discount-invalid">
				Discount {code} is not valid
			</p>
		);
	}
	return (
		<p class="note" data-test="discount">
			Discount {code} applied
		</p>
	);
}

interface CheckoutFormProps {
	readonly sessionId: string;
	readonly bill: Bill;
	readonly email: string;
	readonly problem: string;
}

function EmailField({ email, problem }: Pick<CheckoutFormProps, 'email' | 'problem'>) {
	return (
		<>
			<label for="email">Email address</label>
			<input
				id="email"
				name="email"
				type="email"
				required
				autocomplete="email"
				placeholder="you@example.com"
				data-test="email"
				value={email}
				{...(problem && { 'aria-invalid': 'true', 'aria-describedby': 'problem' })}
			/>
			{problem && (
				<p class="bad-note" id="problem" role="alert" data-test="problem">
					{problem}
				</p>
			)}
		</>
	);
}

export function CheckoutForm({ sessionId, bill, email, problem }: CheckoutFormProps) {
	const format = (amount: number) => formatMoney(amount, bill.currency);
	const total = format(roundToCents(bill.price + bill.tax));
	return (
		<div class="card checkout">
			<ProductArt name={bill.name} />
			<div class="text">
				<h1 data-test="product">{bill.name}</h1>
				<p class="soft">{bill.description}</p>
				<p class="price">
					<span data-test="price">{total}</span>
					<small>{bill.interval}</small>
					{bill.price !== bill.fullPrice && <s>{format(bill.fullPrice)}</s>}
				</p>
				{bill.tax > 0 && <p class="soft small">including {format(bill.tax)} tax</p>}
				<DiscountNote {...bill} />
				<form method="post" action="/checkout/pay" data-test="form">
					<input type="hidden" name="session" value={sessionId} />
					<EmailField email={email} problem={problem} />
					<p class="soft small">
						You don't need a card. This is a sandbox, so you are not charged.
					</p>
					<p>
						<button class="primary wide-button" type="submit" data-test="pay">
							Pay {total}
						</button>
					</p>
				</form>
				<form method="post" action="/checkout/cancel">
					<input type="hidden" name="session" value={sessionId} />
					<button class="quiet wide-button" type="submit" data-test="cancel">
						Cancel and go back
					</button>
				</form>
			</div>
		</div>
	);
}
