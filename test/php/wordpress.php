<?php
/**
 * Stands for the part of WordPress and WooCommerce that examples/woocommerce/pay-with-pocketsflow.php touches:
 * hooks, options, translation and escaping; the settings of payment methods; an order that records what is done
 * to it. Each function keeps the contract of its original and nothing else.
 */

define( 'ABSPATH', __DIR__ . '/' );

/** What a test looks at afterwards. */
final class Recorded {
	public static array $hooks         = array();
	public static array $options       = array();
	public static array $orders        = array();
	public static array $notices       = array();
	public static array $admin_errors  = array();
	public static array $compatibility = array();
	public static array $scripts       = array();
	public static array $text_domains  = array();
}

// Hooks: callbacks in order, filters hand their value on.
function add_filter( $hook, $callback, $priority = 10, $accepted_args = 1 ) {
	Recorded::$hooks[ $hook ][] = $callback;
	return true;
}
function add_action( $hook, $callback, $priority = 10, $accepted_args = 1 ) {
	return add_filter( $hook, $callback );
}
function apply_filters( $hook, $value ) {
	foreach ( Recorded::$hooks[ $hook ] ?? array() as $callback ) {
		$value = $callback( $value );
	}
	return $value;
}
function do_action( $hook, ...$arguments ) {
	foreach ( Recorded::$hooks[ $hook ] ?? array() as $callback ) {
		$callback( ...$arguments );
	}
}
function plugin_basename( $file ) {
	return basename( dirname( $file ) ) . '/' . basename( $file );
}

// Translation.
function __( $text, $domain = 'default' ) {
	Recorded::$text_domains[ $domain ] = true;
	return $text;
}
function esc_html__( $text, $domain = 'default' ) {
	return esc_html( __( $text, $domain ) );
}

// Escaping and addresses.
function esc_html( $text ) {
	return htmlspecialchars( $text, ENT_QUOTES );
}
function esc_url_raw( $url, $protocols = null ) {
	$url    = preg_replace( '|[^a-z0-9-~+_.?#=!&;,/:%@$\|*\'()\[\]\\x80-\\xff]|i', '', $url );
	$scheme = strtolower( (string) parse_url( $url, PHP_URL_SCHEME ) );
	return in_array( $scheme, $protocols ?? array( 'http', 'https' ), true ) ? $url : '';
}
function esc_url( $url ) {
	return str_replace( array( '&', "'" ), array( '&#038;', '&#039;' ), esc_url_raw( $url ) );
}
function wp_parse_url( $url ) {
	return parse_url( $url );
}
function wp_unslash( $value ) {
	return stripslashes( $value );
}
function admin_url( $path ) {
	return 'https://shop.example.com/wp-admin/' . $path;
}
/** The values have to be encoded already, as with the original. */
function add_query_arg( $arguments, $url ) {
	list( $url, $fragment ) = array_pad( explode( '#', $url, 2 ), 2, null );
	list( $path, $query )   = array_pad( explode( '?', $url, 2 ), 2, '' );
	parse_str( $query, $present );
	$parts = array();
	foreach ( array_merge( array_map( 'rawurlencode', $present ), $arguments ) as $name => $value ) {
		$parts[] = "$name=$value";
	}
	return $path . '?' . implode( '&', $parts ) . ( null === $fragment ? '' : "#$fragment" );
}

// Scripts.
function wp_register_script( $handle, $src, $needed, $version, $in_footer ) {
	Recorded::$scripts[ $handle ] = array(
		'src'    => $src,
		'needed' => $needed,
		'inline' => '',
	);
}
function wp_add_inline_script( $handle, $code ) {
	Recorded::$scripts[ $handle ]['inline'] .= $code;
}

// WooCommerce.
function wc_get_order( $id ) {
	return Recorded::$orders[ $id ] ?? false;
}
function wc_add_notice( $text, $type = 'success' ) {
	Recorded::$notices[] = array( $type, $text );
}
/** Makes each payment method once, as the original does. */
final class WC_Payment_Gateways {
	private $gateways;

	public function payment_gateways() {
		if ( null === $this->gateways ) {
			$this->gateways = array();
			foreach ( apply_filters( 'woocommerce_payment_gateways', array() ) as $class ) {
				$gateway                        = new $class();
				$this->gateways[ $gateway->id ] = $gateway;
			}
		}
		return $this->gateways;
	}
}
final class WooCommerce {
	private $gateways;

	public function payment_gateways() {
		return $this->gateways ??= new WC_Payment_Gateways();
	}
}
function WC() {
	static $woocommerce;
	return $woocommerce ??= new WooCommerce();
}

/** An order that writes down every call, whatever its name. */
final class Recorded_Order {
	public array $calls = array();

	public function __construct( private int $id, private string $key ) {}

	public function get_id() {
		return $this->id;
	}

	public function get_order_key() {
		return $this->key;
	}

	public function __call( $name, $arguments ) {
		$this->calls[] = array( $name, ...$arguments );
		return true;
	}
}

/** The settings of a payment method, as WC_Settings_API and WC_Payment_Gateway keep and check them. */
abstract class WC_Payment_Gateway {
	public $id;
	public $enabled = 'yes';
	public $title;
	public $description;
	public $method_title;
	public $method_description;
	public $has_fields;
	public $supports;
	public $form_fields = array();
	public $settings    = array();
	public $errors      = array();

	public function init_settings() {
		$this->settings = Recorded::$options[ "woocommerce_{$this->id}_settings" ]
			?? array_column( array_map( fn( $name ) => array( $name, $this->form_fields[ $name ]['default'] ), array_keys( $this->form_fields ) ), 1, 0 );
		$this->enabled = 'yes' === ( $this->settings['enabled'] ?? 'no' ) ? 'yes' : 'no';
	}

	public function get_option( $key ) {
		return $this->settings[ $key ] ?? $this->form_fields[ $key ]['default'];
	}

	public function get_title() {
		return $this->title;
	}

	public function get_description() {
		return $this->description;
	}

	public function is_available() {
		return 'yes' === $this->enabled;
	}

	/** Saves what was posted; a field whose check throws keeps its value. */
	public function process_admin_options() {
		$this->init_settings();
		foreach ( array_keys( $this->form_fields ) as $key ) {
			$value = $_POST[ "woocommerce_{$this->id}_$key" ] ?? null;
			$check = "validate_{$key}_field";
			try {
				$this->settings[ $key ] = is_callable( array( $this, $check ) ) ? $this->$check( $key, $value ) : (string) $value;
			} catch ( Exception $error ) {
				$this->errors[] = $error->getMessage();
			}
		}
		Recorded::$options[ "woocommerce_{$this->id}_settings" ] = $this->settings;
		return true;
	}

	public function get_errors() {
		return $this->errors;
	}

	public function admin_options() {
		echo '<table class="form-table"></table>';
	}
}

final class WC_Admin_Settings {
	public static function add_error( $text ) {
		Recorded::$admin_errors[] = $text;
	}
}
