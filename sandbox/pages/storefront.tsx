import type { SandboxContext } from '../context';
import type { Mode, Offer, Product } from '../database/entities';
import { ProductArt } from './art';
import { formatMoney } from './format';

export const intervals: Record<Offer['frequency'], string> = {
	weekly: ' per week',
	monthly: ' per month',
	yearly: ' per year',
};

const isOnSale = (item: Product | Offer) => item.published !== false && item.active !== false;

const describe = ({ description }: Product | Offer) =>
	typeof description === 'string' && description;

function Item({ item, mode, interval }: { item: Product | Offer; mode: Mode; interval?: string }) {
	const titleId = `item-${item._id}`;
	return (
		<li class="card good-card" data-test="item">
			<ProductArt name={item.name} />
			<div class="text">
				<h2 id={titleId}>{item.name}</h2>
				<p class="soft small">{describe(item)}</p>
				<form class="buy" method="post" action="/buy">
					<input type="hidden" name="mode" value={mode} />
					<input type="hidden" name="item" value={item._id} />
					<span class="price">
						{formatMoney(item.price, item.currency)}
						{interval && <small>{interval}</small>}
					</span>
					<button class="primary" type="submit" aria-describedby={titleId} data-test="buy">
						{interval ? 'Subscribe' : 'Buy now'}
					</button>
				</form>
			</div>
		</li>
	);
}

const EmptyShop = ({ url }: Pick<SandboxContext, 'url'>) => (
	<div class="card">
		<h2>Nothing on sale yet</h2>
		<p>Create a product with the Pocketsflow node in n8n, or add sample products:</p>
		<p>
			<code>curl -X POST {url}/_sandbox/seed</code>
		</p>
	</div>
);

/** Everything on sale in a mode, newest last. */
export function Storefront({ context, mode }: { context: SandboxContext; mode: Mode }) {
	const { products, offers } = context.databases[mode];
	const items = [
		...products
			.query({ where: isOnSale })
			.rows.reverse()
			.map((product) => <Item item={product} mode={mode} />),
		...offers
			.query({ where: isOnSale })
			.rows.reverse()
			.map((offer) => <Item item={offer} mode={mode} interval={intervals[offer.frequency]} />),
	];
	return (
		<>
			<div class="hero">
				<h1>Digital goods from {context.storeName}</h1>
				<p>Download right away, keep forever. Buy with any email address. You are not charged.</p>
			</div>
			{items.length > 0 ? <ul class="goods">{items}</ul> : <EmptyShop url={context.url} />}
		</>
	);
}
