import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.UUID;
import org.apache.avro.AvroTypeException;
import org.apache.avro.Schema;
import org.apache.avro.generic.GenericDatumReader;
import org.apache.avro.generic.GenericRecord;
import org.apache.avro.io.BinaryDecoder;
import org.apache.avro.io.DecoderFactory;
import org.apache.avro.util.Utf8;
import org.apache.kafka.clients.consumer.ConsumerConfig;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;
import org.apache.kafka.common.utils.Utils;

/**
 * Reads the topic from the beginning to its end and prints what every record did, then every order. The outcomes and the
 * orders are those of order-service: this is its fold, and the checks that come before it.
 *
 * <p>usage: Fold SCHEMA_FILE, the schema that this program was written for
 */
public final class Fold {
  /** The record is a dead letter; the message is its code. */
  static final class Rejected extends Exception {
    Rejected(String code) {
      super(code);
    }
  }

  /** What a valid event does to its order. current is the event that was applied last, null if there is none. */
  static String fold(GenericRecord current, GenericRecord event) throws Rejected {
    if (current == null) {
      return version(event) == 1 ? "applied" : "gap";
    }
    if (version(event) <= version(current)) {
      boolean same = version(event) == version(current) && id(event, "eventId").equals(id(current, "eventId"));
      return same ? "duplicate" : "superseded";
    }
    UUID previous = id(event, "previousEventId");
    boolean follows = previous == null || previous.equals(id(current, "eventId"));
    if (version(event) > version(current) + 1 || !follows) {
      return "gap"; // applied: every event carries the whole order
    }
    if (!mayBecome(status(current), status(event))) {
      throw new Rejected("illegal_transition");
    }
    return "applied";
  }

  static final List<String> PROGRESS = List.of("new", "pending", "confirmed", "processing", "shipped", "delivered");

  /** Whether an order may go from one status to the other. */
  static boolean mayBecome(String from, String to) {
    if (from.equals("delivered") || from.equals("cancelled")) {
      return false;
    }
    if (from.equals("unknown") || to.equals("unknown")) { // a status of a newer schema
      return true;
    }
    if (to.equals("cancelled")) {
      return !from.equals("shipped");
    }
    return PROGRESS.indexOf(from) <= PROGRESS.indexOf(to);
  }

  /** The rules that an event must keep. */
  static boolean keepsTheRules(GenericRecord event) throws IOException {
    GenericRecord order = order(event);
    List<?> items = (List<?>) order.get("items");
    boolean valid =
        isTime(event.get("occurredAt"))
            && isTime(order.get("orderDate"))
            && isId(order.get("orderId"))
            && isId(order.get("customerId"))
            && 1 <= version(event)
            && version(event) <= 1_000_000_000
            && 1 <= items.size()
            && items.size() <= 100
            && CURRENCIES.contains(text(order.get("currency")));
    long total = 0;
    for (Object element : items) {
      GenericRecord item = (GenericRecord) element;
      int quantity = (Integer) item.get("quantity");
      long price = (Long) item.get("unitPriceMinor");
      valid = valid && isId(item.get("itemId")) && 1 <= quantity && quantity <= 1_000_000 && price >= 1;
      try {
        total = Math.addExact(total, Math.multiplyExact(price, (long) quantity));
      } catch (ArithmeticException tooLarge) {
        return false;
      }
    }
    return valid && total == (Long) order.get("totalMinor");
  }

  static boolean isTime(Object millis) {
    return 0 <= (Long) millis && (Long) millis <= 253_402_300_799_999L; // the end of the year 9999
  }

  static boolean isId(Object value) throws IOException {
    String id = text(value);
    int length = id.codePointCount(0, id.length());
    return 1 <= length && length <= 64 && id.chars().noneMatch(Character::isISOControl);
  }

  /** ISO 4217 currencies with a minor unit. (java.util.Currency also has those of the past.) */
  static final Set<String> CURRENCIES =
      Set.of(
          """
          AED AFN ALL AMD AOA ARS AUD AWG AZN BAM BBD BDT BGN BHD BIF BMD BND BOB BOV BRL BSD BTN BWP BYN BZD CAD
          CDF CHE CHF CHW CLF CLP CNY COP COU CRC CUC CUP CVE CZK DJF DKK DOP DZD EGP ERN ETB EUR FJD FKP GBP GEL
          GHS GIP GMD GNF GTQ GYD HKD HNL HRK HTG HUF IDR ILS INR IQD IRR ISK JMD JOD JPY KES KGS KHR KMF KPW KRW
          KWD KYD KZT LAK LBP LKR LRD LSL LYD MAD MDL MGA MKD MMK MNT MOP MRU MUR MVR MWK MXN MXV MYR MZN NAD NGN
          NIO NOK NPR NZD OMR PAB PEN PGK PHP PKR PLN PYG QAR RON RSD RUB RWF SAR SBD SCR SDG SEK SGD SHP SLE SLL
          SOS SRD SSP STN SVC SYP SZL THB TJS TMT TND TOP TRY TTD TWD TZS UAH UGX USD USN UYI UYU UYW UZS VED VES
          VND VUV WST XAD XAF XCD XCG XOF XPF YER ZAR ZMW ZWG ZWL
          """
              .trim()
              .split("\\s+"));

  static GenericRecord order(GenericRecord event) {
    return (GenericRecord) event.get("order");
  }

  static int version(GenericRecord event) {
    return (Integer) order(event).get("version");
  }

  static String status(GenericRecord event) {
    return order(event).get("status").toString();
  }

  /** A field with the id of an event; null if it has none. */
  static UUID id(GenericRecord event, String field) {
    Object id = event.get(field);
    return id == null ? null : UUID.fromString(id.toString());
  }

  /** A string, which must be UTF-8: Avro itself replaces what is not. */
  static String text(Object value) throws IOException {
    Utf8 utf8 = (Utf8) value;
    return StandardCharsets.UTF_8.newDecoder().decode(ByteBuffer.wrap(utf8.getBytes(), 0, utf8.getByteLength())).toString();
  }

  private final HttpClient http = HttpClient.newHttpClient();
  private final ObjectMapper json = new ObjectMapper();
  private final Map<Integer, Schema> schemas = new HashMap<>();
  private final Map<String, GenericRecord> orders = new TreeMap<>();
  private final String registry;
  private final Schema reader;

  private Fold(String registry, Schema reader) {
    this.registry = registry;
    this.reader = reader;
  }

  /** Applies a record to the orders, and returns its outcome. */
  private String apply(ConsumerRecord<byte[], byte[]> record, int partitions) throws IOException, InterruptedException {
    if (record.value() == null) {
      return "ignored"; // a tombstone or a barrier
    }
    try {
      GenericRecord event = decode(ByteBuffer.wrap(record.value()));
      String orderId;
      try {
        id(event, "eventId");
        id(event, "previousEventId");
        if (!keepsTheRules(event)) {
          throw new Rejected("invalid_order");
        }
        orderId = text(order(event).get("orderId"));
      } catch (IllegalArgumentException | IOException notWhatTheSchemaSays) {
        throw new Rejected("undecodable");
      }
      if (!Arrays.equals(record.key(), orderId.getBytes(StandardCharsets.UTF_8))) {
        throw new Rejected("key_mismatch");
      }
      if (record.partition() != Utils.toPositive(Utils.murmur2(record.key())) % partitions) {
        throw new Rejected("wrong_partition");
      }
      String outcome = fold(orders.get(orderId), event);
      if (outcome.equals("applied") || outcome.equals("gap")) {
        orders.put(orderId, event);
      }
      return outcome;
    } catch (Rejected rejected) {
      return rejected.getMessage();
    }
  }

  /** The event in a record's value: byte 0, the schema id, and one datum to the last byte. */
  private GenericRecord decode(ByteBuffer value) throws Rejected, IOException, InterruptedException {
    if (value.remaining() < 5 || value.get() != 0 || value.getInt(1) < 1) {
      throw new Rejected("not_framed");
    }
    Schema writer = schema(value.getInt());
    BinaryDecoder datum = DecoderFactory.get().binaryDecoder(value.array(), 5, value.remaining(), null);
    try {
      GenericRecord event = new GenericDatumReader<GenericRecord>(writer, reader).read(null, datum);
      if (datum.isEnd()) {
        return event;
      }
    } catch (AvroTypeException incompatible) {
      throw new Rejected("wrong_schema");
    } catch (RuntimeException | IOException malformed) {
      throw new Rejected("undecodable");
    }
    throw new Rejected("undecodable");
  }

  /** The schema of an id. Only "not found" rejects a record; an outage ends the program. */
  private Schema schema(int id) throws Rejected, IOException, InterruptedException {
    if (!schemas.containsKey(id)) {
      HttpRequest request = HttpRequest.newBuilder(URI.create(registry + "/schemas/ids/" + id)).build();
      JsonNode schema;
      try {
        HttpResponse<String> response = http.send(request, HttpResponse.BodyHandlers.ofString());
        if (response.statusCode() == 404) {
          throw new Rejected("unknown_schema_id");
        }
        if (response.statusCode() != 200) {
          throw new IOException("HTTP " + response.statusCode());
        }
        schema = json.readTree(response.body()).required("schema");
      } catch (IllegalArgumentException | IOException outage) {
        String address = registry.substring(registry.lastIndexOf('@') + 1); // what is before an @ may be a password
        System.err.println("the registry at " + address + " does not return schema " + id + ": " + outage);
        System.exit(1);
        throw new AssertionError("exit returned", outage);
      }
      schemas.put(id, new Schema.Parser().parse(schema.textValue()));
    }
    return schemas.get(id);
  }

  public static void main(String[] arguments) throws IOException, InterruptedException {
    if (arguments.length != 1) {
      System.err.println("usage: Fold SCHEMA_FILE, such as schemas/order-event/v1.avsc");
      System.exit(2);
    }
    Map<String, String> settings = System.getenv();
    String registry = settings.getOrDefault("SCHEMA_REGISTRY_URL", "http://localhost:8081");
    String topic = settings.getOrDefault("KAFKA_TOPIC", "order-events");
    Map<String, Object> config =
        Map.of(
            ConsumerConfig.BOOTSTRAP_SERVERS_CONFIG, settings.getOrDefault("KAFKA_BOOTSTRAP_SERVERS", "localhost:9092"),
            // What an aborted transaction wrote does not count.
            ConsumerConfig.ISOLATION_LEVEL_CONFIG, "read_committed",
            ConsumerConfig.ALLOW_AUTO_CREATE_TOPICS_CONFIG, false,
            ConsumerConfig.KEY_DESERIALIZER_CLASS_CONFIG, ByteArrayDeserializer.class,
            ConsumerConfig.VALUE_DESERIALIZER_CLASS_CONFIG, ByteArrayDeserializer.class);
    Fold fold = new Fold(registry, new Schema.Parser().parse(Files.readString(Path.of(arguments[0]))));
    try (KafkaConsumer<byte[], byte[]> consumer = new KafkaConsumer<>(config)) {
      List<TopicPartition> partitions =
          consumer.partitionsFor(topic).stream().map(info -> new TopicPartition(topic, info.partition())).toList();
      if (partitions.isEmpty()) {
        System.err.println("there is no topic " + topic);
        System.exit(1);
      }
      Map<TopicPartition, Long> ends = consumer.endOffsets(partitions);
      consumer.assign(partitions);
      consumer.seekToBeginning(partitions);
      while (partitions.stream().anyMatch(partition -> consumer.position(partition) < ends.get(partition))) {
        for (ConsumerRecord<byte[], byte[]> record : consumer.poll(Duration.ofSeconds(1))) {
          String outcome = fold.apply(record, partitions.size());
          System.out.println(
              fold.json.createObjectNode().put("partition", record.partition()).put("offset", record.offset()).put("outcome", outcome));
        }
      }
    }
    for (Map.Entry<String, GenericRecord> entry : fold.orders.entrySet()) {
      GenericRecord event = entry.getValue();
      System.out.println(
          fold.json
              .createObjectNode()
              .put("orderId", entry.getKey())
              .put("version", version(event))
              .put("status", status(event))
              .put("eventId", id(event, "eventId").toString())
              .put("totalMinor", (Long) order(event).get("totalMinor"))
              .put("currency", order(event).get("currency").toString()));
    }
  }
}
