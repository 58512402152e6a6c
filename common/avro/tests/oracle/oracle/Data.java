import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.apache.avro.Schema;
import org.apache.avro.generic.GenericData;
import org.apache.avro.generic.GenericDatumReader;
import org.apache.avro.generic.GenericDatumWriter;
import org.apache.avro.generic.GenericEnumSymbol;
import org.apache.avro.generic.GenericFixed;
import org.apache.avro.generic.IndexedRecord;
import org.apache.avro.io.BinaryDecoder;
import org.apache.avro.io.DecoderFactory;
import org.apache.avro.io.EncoderFactory;

/** Data in Avro's binary encoding, as hexadecimal text, and what they are as plain JSON. */
final class Data {
  private static final JsonNodeFactory NODES = JsonNodeFactory.instance;
  private static final int LONGEST_MESSAGE = 160;

  private Data() {}

  static String encode(Schema writer, Object datum) throws IOException {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    var encoder = EncoderFactory.get().binaryEncoder(bytes, null);
    new GenericDatumWriter<>(writer).write(datum, encoder);
    encoder.flush();
    return HexFormat.of().formatHex(bytes.toByteArray());
  }

  /** The value, or the error that Avro reports. */
  static ObjectNode decode(Schema writer, Schema reader, String datum) throws IOException {
    BinaryDecoder decoder = DecoderFactory.get().binaryDecoder(HexFormat.of().parseHex(datum), null);
    Object value;
    try {
      // GenericData as it comes has no conversions: a logical type is read as what lies under it.
      value = new GenericDatumReader<Object>(writer, reader, new GenericData()).read(null, decoder);
    } catch (RuntimeException | IOException | StackOverflowError error) {
      return NODES.objectNode().put("error", message(error));
    }
    if (!decoder.isEnd()) {
      throw new IllegalArgumentException("a datum is longer than its value: " + datum);
    }
    return NODES.objectNode().set("value", plain(value));
  }

  /** What went wrong, on one short line. */
  static String message(Throwable error) {
    String message = String.valueOf(error.getMessage()).lines().findFirst().orElse("");
    return error.getClass().getSimpleName() + ": " + message.substring(0, Math.min(message.length(), LONGEST_MESSAGE));
  }

  private static JsonNode plain(Object value) {
    if (value == null) {
      return NODES.nullNode();
    } else if (value instanceof IndexedRecord record) {
      ObjectNode object = NODES.objectNode();
      for (Schema.Field field : record.getSchema().getFields()) {
        object.set(field.name(), plain(record.get(field.pos())));
      }
      return object;
    } else if (value instanceof Map<?, ?> map) {
      // In the order of their keys, so that the same case gives the same file.
      Map<String, JsonNode> sorted = new TreeMap<>();
      map.forEach((key, element) -> sorted.put(key.toString(), plain(element)));
      return NODES.objectNode().setAll(sorted);
    } else if (value instanceof List<?> list) {
      ArrayNode array = NODES.arrayNode();
      list.forEach(element -> array.add(plain(element)));
      return array;
    } else if (value instanceof CharSequence || value instanceof GenericEnumSymbol) {
      return NODES.textNode(value.toString());
    } else if (value instanceof ByteBuffer buffer) {
      byte[] bytes = new byte[buffer.remaining()];
      buffer.duplicate().get(bytes);
      return NODES.textNode("hex:" + HexFormat.of().formatHex(bytes));
    } else if (value instanceof GenericFixed fixed) {
      return NODES.textNode("hex:" + HexFormat.of().formatHex(fixed.bytes()));
    } else if (value instanceof Boolean truth) {
      return NODES.booleanNode(truth);
    } else if (value instanceof Integer || value instanceof Long) {
      return NODES.numberNode(((Number) value).longValue());
    } else if (value instanceof Float || value instanceof Double) {
      double number = ((Number) value).doubleValue();
      return Double.isFinite(number) ? NODES.numberNode(number) : NODES.textNode(Double.toString(number));
    }
    throw new IllegalArgumentException("no plain JSON for " + value.getClass());
  }
}
