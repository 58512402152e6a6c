import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import org.apache.avro.Schema;
import org.apache.avro.generic.GenericData;

/** Some value of any type: the same for the same number, and different for the next. */
final class Samples {
  private static final List<String> TEXTS = List.of("é", "", "a text of no great length");
  private static final List<Long> NUMBERS = List.of(1L, -64L, 100_000L);
  /** From here on lists end, and unions take their shortest branch. */
  private static final int DEEP = 6;
  private static final int DEEPEST = 40;
  private static final int LARGEST = 1024;

  private Samples() {}

  /**
   * That sample of a type.
   *
   * @throws IllegalArgumentException when it has no value, or none of a reasonable size
   */
  static Object of(Schema schema, int n) {
    return value(schema, n, 0);
  }

  private static Object value(Schema schema, int n, int depth) {
    if (depth > DEEPEST) {
      throw new IllegalArgumentException("values of it never end");
    }
    return switch (schema.getType()) {
      case NULL -> null;
      case BOOLEAN -> n % 2 == 0;
      case INT -> NUMBERS.get(n % 3).intValue();
      case LONG -> NUMBERS.get(n % 3);
      case FLOAT -> n / 4f - 1;
      case DOUBLE -> n / 10.0 - 1;
      case STRING -> TEXTS.get(n % 3);
      case BYTES -> ByteBuffer.wrap(TEXTS.get(n % 3).getBytes(StandardCharsets.UTF_8));
      case FIXED -> new GenericData.Fixed(schema, bytes(schema.getFixedSize(), n));
      case ENUM -> new GenericData.EnumSymbol(schema, schema.getEnumSymbols().get(n % symbols(schema)));
      case ARRAY -> IntStream.range(0, entries(n, depth)).mapToObj(i -> value(schema.getElementType(), n + i, depth + 1)).toList();
      case MAP -> map(schema, n, depth);
      case UNION -> value(branch(schema, n, depth), n, depth + 1);
      case RECORD -> record(schema, n, depth);
    };
  }

  private static byte[] bytes(int size, int n) {
    if (size > LARGEST) {
      throw new IllegalArgumentException("too large for a sample");
    }
    byte[] bytes = new byte[size];
    Arrays.fill(bytes, (byte) (n + 1));
    return bytes;
  }

  private static int symbols(Schema schema) {
    return Math.max(1, schema.getEnumSymbols().size());
  }

  private static int entries(int n, int depth) {
    return depth < DEEP ? (n + 1) % 3 : 0;
  }

  private static Map<String, Object> map(Schema schema, int n, int depth) {
    Map<String, Object> map = new LinkedHashMap<>();
    for (int i = 0; i < entries(n, depth); i++) {
      map.put("key" + i, value(schema.getValueType(), n + i, depth + 1));
    }
    return map;
  }

  private static Schema branch(Schema schema, int n, int depth) {
    List<Schema> branches = schema.getTypes();
    if (branches.isEmpty()) {
      throw new IllegalArgumentException("an empty union has no value");
    }
    // The second first: it is the one that is not null, mostly.
    Schema branch = branches.get((n + 1) % branches.size());
    return depth < DEEP ? branch : branches.stream().filter(it -> it.getType() != Schema.Type.RECORD).findFirst().orElse(branch);
  }

  private static GenericData.Record record(Schema schema, int n, int depth) {
    GenericData.Record record = new GenericData.Record(schema);
    for (Schema.Field field : schema.getFields()) {
      record.put(field.pos(), value(field.schema(), n + field.pos(), depth + 1));
    }
    return record;
  }
}
