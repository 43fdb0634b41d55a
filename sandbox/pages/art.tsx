import { createHash } from 'node:crypto';

/** Numbers from 0 to 255 that are always the same for a name. */
const hashName = (name: string) => createHash('sha256').update(name).digest();

const hues = [225, 250, 275, 305, 320, 335, 348, 155, 172, 188, 205];

/** A picture that is drawn from the name, so that no file has to be loaded. */
export function ProductArt({ name }: { name: string }) {
	const bytes = hashName(name);
	const hue = hues[bytes[0] % hues.length];
	const [from, to] = [`hsl(${hue} 62% 36%)`, `hsl(${(hue + 40) % 360} 72% 60%)`];
	const light = `hsl(${(hue + 90) % 360} 90% 84%)`;
	const id = `art-${bytes.toString('hex', 0, 8)}`;
	const circles = [1, 4, 7].map((at, index) => (
		<circle
			cx={40 + (bytes[at] % 240)}
			cy={20 + (bytes[at + 1] % 140)}
			r={24 + (bytes[at + 2] % 50)}
			fill={index === 1 ? light : '#fff'}
			opacity={index === 1 ? 0.55 : 0.16}
		/>
	));
	const tilt = (bytes[10] % 24) - 12;
	return (
		<svg
			class="art"
			viewBox="0 0 320 180"
			preserveAspectRatio="xMidYMid slice"
			aria-hidden="true"
			focusable="false"
		>
			<defs>
				<linearGradient id={id} x1="0" y1="0" x2="1" y2="1">
					<stop offset="0" stop-color={from} />
					<stop offset="1" stop-color={to} />
				</linearGradient>
			</defs>
			<rect width="320" height="180" fill={`url(#${id})`} />
			{circles}
			<g transform={`rotate(${tilt} 160 90)`}>
				<rect x="112" y="42" width="96" height="96" rx="18" fill="#fff" opacity=".92" />
				<text
					x="160"
					y="104"
					text-anchor="middle"
					font-size="40"
					font-weight="700"
					font-family="system-ui, sans-serif"
					fill={from}
				>
					{getInitials(name)}
				</text>
			</g>
		</svg>
	);
}

const getInitials = (name: string) =>
	(name.match(/[\p{L}\p{N}]+/gu) ?? ['•'])
		.slice(0, 2)
		.map((word) => [...word][0].toUpperCase())
		.join('');
